// The strip at the right: years, how many photos each time has, and a thumb that goes anywhere at once.

import { dayWords, monthWords } from "./dates.js";
import { densityPath, makeScale, placeAt, shareOf, yearMarks } from "./scale.js";
import { make } from "./tile.js";

const SVG = "http://www.w3.org/2000/svg";
const LABEL_PX = 26;
const STRIP_PX = 16;
const SHOWN_MS = 1500;

export class Scrubber {
  #scale = [];
  #months = [];
  #height = 1;
  #share = 0;
  #hiding = 0;

  // `go(month, within)` shows the place that far (0 to 1) into a month.
  constructor(element, go) {
    this.element = element;
    this.go = go;
    this.thumb = element.querySelector("[role=slider]");
    this.words = element.querySelector("[data-words]");
    this.marks = element.querySelector("[data-marks]");
    this.shape = element.querySelector("path") ?? addShape(element.querySelector("[data-density]"));
    this.track = element.querySelector("[data-track]");
    this.#listen();
  }

  get isHeld() {
    return this.element.hasAttribute("data-held");
  }

  setMonths(months) {
    this.#months = months;
    this.#scale = makeScale(months);
    this.element.hidden = months.length === 0;
    this.draw();
  }

  draw() {
    this.#height = this.track.clientHeight || 1;
    this.shape.setAttribute("d", densityPath(this.#scale, STRIP_PX, this.#height));
    this.marks.replaceChildren(
      ...yearMarks(this.#scale, LABEL_PX / this.#height).map(({ year, share }) => {
        const mark = make("li");
        mark.textContent = year;
        mark.style.top = `${share * this.#height}px`;
        return mark;
      }),
    );
    this.thumb.setAttribute("aria-valuemax", String(Math.max(0, this.#months.length - 1)));
    this.#put(this.#share);
  }

  // The window shows this day of a month ("" if it is not known), `within` of the way through the month.
  follow(month, within, day) {
    if (!this.#scale.length) return;
    const index = this.#scale.findIndex((step) => step.month === month);
    this.thumb.setAttribute("aria-valuenow", String(index));
    this.thumb.setAttribute("aria-valuetext", day ? dayWords(day) : monthWords(month));
    if (this.isHeld) return;
    this.words.textContent = monthWords(month);
    this.#put(shareOf(this.#scale, month, within));
  }

  // The thumb is there for a while.
  show() {
    this.element.dataset.shown = "";
    clearTimeout(this.#hiding);
    this.#hiding = setTimeout(() => delete this.element.dataset.shown, SHOWN_MS);
  }

  #put(share) {
    this.#share = share;
    const top = `${share * this.#height}px`;
    this.thumb.style.top = top;
    this.words.style.top = top;
  }

  #listen() {
    let held = 0; // between the pointer and the middle of the thumb
    const move = (event) => {
      const box = this.track.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientY - held - box.top) / box.height));
      this.#goTo(share);
    };
    this.track.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.#scale.length) return;
      event.preventDefault();
      const thumb = this.thumb.getBoundingClientRect();
      held = event.target === this.thumb ? event.clientY - thumb.top - thumb.height / 2 : 0;
      this.track.setPointerCapture(event.pointerId);
      this.element.dataset.held = "";
      this.thumb.focus({ preventScroll: true });
      move(event);
    });
    this.track.addEventListener("pointermove", (event) => {
      if (this.isHeld) move(event);
      else if (event.pointerType === "mouse") this.#hint(event.clientY);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.track.addEventListener(end, () => {
        delete this.element.dataset.held;
        this.show();
      });
    }
    this.track.addEventListener("pointerleave", () => this.#put(this.#share));
    this.thumb.addEventListener("keydown", (event) => this.#onKey(event));
  }

  // A mouse over the strip reads what is there before it goes there.
  #hint(clientY) {
    if (!this.#scale.length) return;
    const box = this.track.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (clientY - box.top) / box.height));
    this.words.textContent = monthWords(placeAt(this.#scale, share).step.month);
    this.words.style.top = `${share * this.#height}px`;
  }

  #goTo(share) {
    const { step, within } = placeAt(this.#scale, share);
    this.#put(share);
    this.words.textContent = monthWords(step.month);
    this.go(step.month, within);
  }

  // Keys of a slider: months by arrows, years by Page keys, both ends.
  #onKey(event) {
    const at = Number(this.thumb.getAttribute("aria-valuenow")) || 0;
    const last = this.#scale.length - 1;
    const targets = {
      ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1,
      PageDown: this.#yearFrom(at, 1), PageUp: this.#yearFrom(at, -1), Home: 0, End: last,
    };
    if (!(event.key in targets)) return;
    event.preventDefault();
    event.stopPropagation();
    const index = Math.max(0, Math.min(last, targets[event.key]));
    this.go(this.#scale[index].month, index === last && event.key === "End" ? 1 : 0);
    this.show();
  }

  #yearFrom(at, direction) {
    const year = this.#scale[at].month.slice(0, 4);
    let index = at;
    while (this.#scale[index]?.month.startsWith(year)) index += direction;
    if (direction > 0 || !this.#scale[index]) return index;
    const before = this.#scale[index].month.slice(0, 4);
    return this.#scale.findIndex((step) => step.month.startsWith(before));
  }
}

function addShape(place) {
  const drawing = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  drawing.append(path);
  place.append(drawing);
  return path;
}
