// The picture can be zoomed and moved: wheel, pinch, drag, double click, and by keys through `stageOf`. Whatever lies
// in the print moves with it, so boxes and text stay where things are. A finger that wipes asks for another photo.

import { FITTED, moved, within, zoomed } from "./geometry.js";

const DOUBLE_CLICK = 2.5;
const WIPE_PX = 60;
const LEAST_MOST = 8; // times; small pictures can be looked at closely as well
const WHEEL = 0.0016;
const PINCH_WHEEL = 0.01; // a trackpad's pinch comes as a wheel with Ctrl

const stages = new WeakMap();

export function stageOf(element) {
  return stages.get(element);
}

export function start(element) {
  const print = element.querySelector(".print");
  if (print) stages.set(element, new Stage(element, print));
}

class Stage {
  #room;
  #print;
  #view = FITTED;
  #pointers = new Map();
  #from = null; // where the only pointer went down

  constructor(room, print) {
    this.#room = room;
    this.#print = print;
    room.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
    room.addEventListener("dblclick", (event) => this.#onDoubleClick(event));
    print.addEventListener("dragstart", (event) => event.preventDefault());
    room.addEventListener("pointerdown", (event) => this.#onDown(event));
    room.addEventListener("pointermove", (event) => this.#onMove(event));
    for (const end of ["pointerup", "pointercancel"]) room.addEventListener(end, (event) => this.#onUp(event));
    new ResizeObserver(() => this.#show(within(this.#view, this.#frame()))).observe(room);
  }

  get scale() {
    return this.#view.scale;
  }

  zoom(factor, point) {
    if (this.#print.dataset.turning) return;
    this.#show(zoomed(this.#view, factor, point ?? this.#middle(), this.#frame()));
  }

  pan(across, down) {
    this.#show(moved(this.#view, across, down, this.#frame()));
  }

  fit() {
    this.#show(FITTED);
  }

  #show(view) {
    this.#view = view.scale === 1 ? FITTED : view;
    const { scale, x, y } = this.#view;
    this.#print.style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
    this.#room.toggleAttribute("data-zoomed", scale > 1);
    this.#room.dispatchEvent(new CustomEvent("zoomed", { detail: { scale } }));
  }

  // The frame is the layout's, which a transform does not change.
  #frame() {
    const { offsetLeft: left, offsetTop: top, offsetWidth: width, offsetHeight: height } = this.#print;
    const { clientWidth: roomWidth, clientHeight: roomHeight } = this.#room;
    const fullWidth = Number(this.#print.dataset.width) || width;
    return { left, top, width, height, roomWidth, roomHeight, most: Math.max(LEAST_MOST, (2 * fullWidth) / width) };
  }

  #middle() {
    return { x: this.#room.clientWidth / 2, y: this.#room.clientHeight / 2 };
  }

  #point(event) {
    const box = this.#room.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #onWheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? PINCH_WHEEL : WHEEL)), this.#point(event));
  }

  #onDoubleClick(event) {
    if (isControl(event.target) || isText(event.target)) return;
    if (this.scale > 1) this.fit();
    else this.zoom(DOUBLE_CLICK, this.#point(event));
  }

  #onDown(event) {
    const isTouch = event.pointerType === "touch";
    // a finger may begin on a button at the edge
    if (event.button || isText(event.target) || (isControl(event.target) && !isTouch)) return;
    this.#pointers.set(event.pointerId, this.#point(event));
    this.#from = this.#pointers.size === 1 ? { ...this.#point(event), isTouch } : null;
    // a finger is held by where it went down
    if (!isTouch) this.#room.setPointerCapture(event.pointerId);
  }

  #onMove(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#point(event);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    if (other) this.#pinch(before, now, other);
    else if (this.scale > 1) this.pan(now.x - before.x, now.y - before.y);
  }

  #pinch(before, now, other) {
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    this.zoom(distance(now, other) / Math.max(1, distance(before, other)), middle);
    this.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  #onUp(event) {
    const from = this.#from;
    if (!this.#pointers.delete(event.pointerId) || event.type !== "pointerup") return;
    if (this.#pointers.size || !from?.isTouch || this.scale > 1) return;
    const to = this.#point(event);
    const way = wipe(to.x - from.x, to.y - from.y);
    if (way) this.#room.dispatchEvent(new CustomEvent("wiped", { bubbles: true, detail: { way } }));
  }
}

function wipe(across, down) {
  if (Math.max(Math.abs(across), Math.abs(down)) < WIPE_PX) return "";
  if (Math.abs(across) > Math.abs(down)) return across < 0 ? "left" : "right";
  return down < 0 ? "up" : "down";
}

function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function isControl(target) {
  return Boolean(target.closest?.("a, button, select, form"));
}

// Text read in the picture can be marked and copied.
function isText(target) {
  return Boolean(target.closest?.(".written"));
}
