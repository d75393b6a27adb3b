// The queue as people see it: on the upload page in its place, elsewhere as a sheet. Only the rows in sight
// exist, so that two thousand files cost no more than ten.

import { complain, announce } from "../toasts.js";
import { chooseFiles } from "./choose.js";
import { button, icon, node } from "./pieces.js";
import { Rate, fileWords, headline, isOver, progressLine, totals } from "./wording.js";

const ROW_PX = 60;
const SPARE_ROWS = 4;
const FOLDED = "queue-folded";
const ICONS = { refused: "file-warning", failed: "circle-alert", known: "copy", ready: "check", missing: "file-warning" };

export class Panel {
  #queue;
  #rate = new Rate();
  #rows = new Map();
  #frame = 0;
  #wasOver = true;

  constructor(queue) {
    this.#queue = queue;
    this.#build();
    queue.addEventListener("changed", () => this.#soon());
    queue.addEventListener("closed", () => this.#close());
    this.#soon();
  }

  #build() {
    const place = document.getElementById("queue-place");
    this.title = node("h2", "queue-title");
    this.pause = button("Pause", "pause", () => (this.#queue.isPaused ? this.#queue.resume() : this.#queue.pause()));
    this.retry = button("Retry all failed", "refresh-cw", () => this.#queue.retryAll(), { isWordy: true });
    this.again = button("Choose them again", "folder-up", () => this.#chooseAgain(), { isWordy: true });
    this.fold = button("Hide the files", "chevron-left", () => this.#setFolded(!this.#isFolded));
    this.fold.classList.add("queue-fold");
    this.fold.hidden = Boolean(place);
    this.cancel = button("Close", "x", () => this.#queue.clear());
    this.cancel.classList.add("queue-cancel");
    this.line = node("p", "queue-line");
    this.bar = node("progress", "queue-bar");
    this.bar.setAttribute("aria-label", "Upload");
    this.space = node("div", "queue-space");
    this.space.setAttribute("role", "list");
    this.list = node("div", "queue-list", this.space);
    this.list.tabIndex = 0;
    this.list.setAttribute("role", "region");
    this.list.setAttribute("aria-label", "Files in the queue");
    this.list.addEventListener("scroll", () => this.#soon(), { passive: true });
    const head = node("header", "queue-head", this.title, this.again, this.retry, this.pause, this.fold, this.cancel);
    this.root = node("section", place ? "queue queue-place" : "queue queue-sheet", head, this.line, this.bar, this.list);
    this.root.setAttribute("aria-label", "Uploads");
    (place ?? document.body).append(this.root);
    if (place) return;
    this.#loadStyle();
    const told = sessionStorage.getItem(FOLDED);
    this.#setFolded(told ? told === "yes" : matchMedia("(width < 720px)").matches);
  }

  get #isFolded() {
    return this.root.hasAttribute("data-folded");
  }

  // As a sheet it lies over the page: the files of it can be put away, and stay so on the next page.
  #setFolded(isFolded) {
    sessionStorage.setItem(FOLDED, isFolded ? "yes" : "no");
    this.root.toggleAttribute("data-folded", isFolded);
    this.fold.setAttribute("aria-expanded", String(!isFolded));
    rename(this.fold, isFolded ? "Show the files" : "Hide the files", "chevron-left");
    this.#soon();
  }

  #chooseAgain() {
    chooseFiles().then((files) => this.#queue.add(files)).catch(complain);
  }

  #loadStyle() {
    const href = new URL("../../css/upload.css", import.meta.url).href;
    if ([...document.styleSheets].some((sheet) => sheet.href === href)) return;
    const link = node("link");
    link.rel = "stylesheet";
    link.href = href;
    document.head.append(link);
  }

  #soon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const items = this.#queue.items;
    const sums = totals(items);
    this.#rate.note(sums.bytesDone);
    const over = isOver(sums);
    this.root.hidden = items.length === 0;
    this.title.textContent = headline(sums, this.#queue.isPaused);
    this.line.textContent = progressLine(sums, this.#queue.isPaused ? 0 : this.#rate.perSecond);
    this.bar.max = sums.bytes || 1;
    this.bar.value = sums.bytesDone;
    this.bar.hidden = over;
    this.#hide(this.pause, over);
    this.#hide(this.retry, sums.failed === 0);
    this.#hide(this.again, sums.missing === 0);
    rename(this.pause, this.#queue.isPaused ? "Resume" : "Pause", this.#queue.isPaused ? "play" : "pause");
    rename(this.cancel, over ? "Close" : "Cancel all", "x", { isWordy: !over });
    this.#drawRows(items);
    if (over && !this.#wasOver) announce(this.title.textContent);
    this.#wasOver = over;
  }

  // A button that goes away hands its focus to the list, or to what shows that.
  #hide(element, isHidden) {
    if (isHidden && element === document.activeElement) (this.#isFolded ? this.fold : this.list).focus();
    element.hidden = isHidden;
  }

  #drawRows(items) {
    this.space.style.height = `${items.length * ROW_PX}px`;
    this.list.style.height = `${Math.min(items.length, 8) * ROW_PX}px`;
    const first = Math.max(0, Math.floor(this.list.scrollTop / ROW_PX) - SPARE_ROWS);
    const last = first + Math.ceil(this.list.clientHeight / ROW_PX) + 2 * SPARE_ROWS;
    const inSight = new Set();
    items.slice(first, last).forEach((item, index) => {
      inSight.add(item.id);
      const row = this.#rows.get(item.id) ?? this.#makeRow(item);
      row.element.style.top = `${(first + index) * ROW_PX}px`;
      row.element.setAttribute("aria-setsize", items.length);
      row.element.setAttribute("aria-posinset", first + index + 1);
      this.#fillRow(row, item);
    });
    for (const [id, row] of this.#rows) {
      if (inSight.has(id)) continue;
      row.forget();
      row.element.remove();
      this.#rows.delete(id);
    }
  }

  #makeRow(item) {
    const name = node("p", "queue-name", node("bdi", "", item.name));
    name.title = item.name;
    const words = node("p", "queue-words");
    const acts = node("span", "file-acts");
    const bar = node("progress", "queue-bar");
    bar.setAttribute("aria-label", `Progress of ${item.name}`);
    const { thumb, forget } = thumbOf(item);
    const element = node("div", "queue-row", thumb, node("div", "queue-text", name, words), acts, bar);
    element.setAttribute("role", "listitem");
    this.space.append(element);
    const row = { element, thumb, words, acts, bar, forget, shown: "" };
    this.#rows.set(item.id, row);
    return row;
  }

  #fillRow(row, item) {
    row.bar.hidden = item.state !== "sending";
    row.bar.max = item.size || 1;
    row.bar.value = item.bytes ?? 0;
    const words = fileWords(item);
    if (row.words.firstChild?.textContent !== words) row.words.replaceChildren(words);
    const shown = `${item.state} ${item.isInTrash ?? ""}`;
    if (row.shown === shown) return;
    row.shown = shown;
    row.element.dataset.state = item.state;
    const symbol = ICONS[item.state];
    if (symbol && row.thumb.tagName !== "IMG") row.thumb.replaceChildren(icon(symbol));
    const hasFocus = row.acts.contains(document.activeElement);
    row.acts.replaceChildren(...this.#actsOf(item));
    if (hasFocus) this.#focus(item.id);
  }

  #focus(id) {
    (this.#rows.get(id)?.acts.querySelector("button, a") ?? this.list).focus();
  }

  // The row that takes its place gets the focus.
  #remove(id) {
    const at = this.#queue.items.findIndex((item) => item.id === id);
    this.#queue.cancel(id);
    requestAnimationFrame(() => this.#focus((this.#queue.items[at] ?? this.#queue.items.at(-1))?.id));
  }

  #actsOf(item) {
    const small = { isSmall: true, of: item.name };
    const acts = [];
    if (item.photoId) acts.push(linkTo(item));
    if (item.isInTrash) acts.push(button("Restore", "undo-2", () => this.#queue.restore(item.id).catch(complain), small));
    if (item.state === "failed") acts.push(button("Try again", "refresh-cw", () => this.#queue.retry(item.id), small));
    if (!item.photoId) acts.push(button("Remove", "x", () => this.#remove(item.id), small));
    return acts;
  }

  #close() {
    cancelAnimationFrame(this.#frame);
    for (const row of this.#rows.values()) row.forget();
    this.root.remove();
  }
}

function linkTo(item) {
  const link = node("a", "button button-plain button-small");
  link.href = `/photos/${item.photoId}`;
  link.textContent = "See it";
  link.setAttribute("aria-label", `See ${item.name}`);
  return link;
}

// A small picture from the file itself; an icon where the browser cannot read it.
function thumbOf(item) {
  const plain = node("span", "queue-thumb", icon("image"));
  if (!item.data || !item.data.type?.startsWith("image/")) return { thumb: plain, forget() {} };
  const picture = node("img", "queue-thumb");
  const url = URL.createObjectURL(item.data);
  picture.alt = "";
  picture.decoding = "async";
  picture.addEventListener("error", () => picture.replaceWith(plain), { once: true });
  picture.src = url;
  return { thumb: picture, forget: () => URL.revokeObjectURL(url) };
}

// `isWordy`: what cannot be taken back says so in words.
function rename(element, words, symbol, { isWordy = false } = {}) {
  if (element.getAttribute("aria-label") === words) return;
  element.setAttribute("aria-label", words);
  element.title = words;
  element.classList.toggle("button-icon", !isWordy);
  element.classList.toggle("button-small", isWordy);
  element.replaceChildren(isWordy ? words : icon(symbol));
}
