// The grid as a whole: which part of the library is in sight, what of it is fetched and drawn, and how it stays
// where it is while more becomes known.

import { complain } from "../toasts.js";
import { Scroll } from "./scroll.js";
import { isMissing, Source } from "./source.js";
import { Stretches } from "./stretches.js";
import { Table } from "./table.js";

const QUICK = 0.004; // windows a millisecond: faster than that nobody looks at single photos
const CALM_MS = 90;
const REST_MS = 400; // where the browser does not tell that scrolling has ended
const OLD_MS = 20 * 60 * 1000; // addresses of pictures do not live for ever

export class Grid extends EventTarget {
  #frame = 0;
  #calming = 0;
  #last = { y: 0, at: 0 };
  #loadedAt = new WeakMap();

  // `found`: photo id -> link, of tiles that are on the page already.
  constructor(root, canvas, found) {
    super();
    this.root = root;
    this.canvas = canvas;
    this.stretches = new Stretches(measure(root));
    this.scroll = new Scroll(canvas);
    this.table = new Table(canvas, this.stretches, found);
    this.source = new Source(
      root.dataset.shelf,
      (stretch, answer) => this.#receive(stretch, answer),
      (error) => {
        if (error.status && error.status < 500) complain(error);
        this.draw();
      },
    );
  }

  // Height of the line on top, which covers the upper edge of the window.
  get inset() {
    return document.querySelector(".top")?.offsetHeight ?? 0;
  }

  get months() {
    return [...new Set(this.stretches.list.map(({ month }) => month))];
  }

  // [month, photos] of all months, newest first
  get counts() {
    const counts = new Map();
    for (const { month, count } of this.stretches.list) counts.set(month, (counts.get(month) ?? 0) + count);
    return [...counts];
  }

  listen() {
    let resting = 0;
    const settle = () => {
      this.scroll.follow();
      this.scroll.settle();
      // scrollbar and tiles move together, or not at all
      this.drawNow();
    };
    addEventListener("scroll", () => {
      this.draw();
      if ("onscrollend" in window) return;
      clearTimeout(resting);
      resting = setTimeout(settle, REST_MS);
    }, { passive: true });
    addEventListener("scrollend", settle);
    new ResizeObserver(() => this.#resize()).observe(this.root);
  }

  // Draws with the next frame; nothing until it has taken over, since its tiles still stand in the server's list.
  draw() {
    if (!this.canvas.hidden) this.#frame ||= requestAnimationFrame(() => this.drawNow());
  }

  setMonths(months) {
    this.keepPlace(() => this.stretches.setMonths(months));
    this.draw();
    this.dispatchEvent(new Event("months"));
  }

  // Asks what there is now. `isAll`: photos that are known may have changed as well.
  async refresh({ isAll = false } = {}) {
    const months = await this.source.months();
    if (isAll) this.stretches.age();
    this.setMonths(months);
  }

  // Changes heights, and moves nothing that is in sight. At the very top new photos push the others down.
  keepPlace(change) {
    const place = this.scroll.y > 0 ? this.place() : null;
    change();
    this.scroll.resize(this.stretches.height, place ? (this.heightOf(place) ?? this.scroll.y) - this.scroll.y : 0);
  }

  // What stands at the upper edge: good for `heightOf`, also after a reload.
  place() {
    const { stretches, scroll, inset } = this;
    const stretch = stretches.list[stretches.indexAt(scroll.y + inset)];
    if (!stretch) return null;
    const inStretch = scroll.y + inset - stretches.topOf(stretch);
    const part = stretches.monthOf(stretch.month).indexOf(stretch);
    const at = stretch.layout ? stretch.layout.top.findIndex((top, index) => top + stretch.layout.tall[index] > inStretch) : -1;
    const top = at < 0 ? 0 : stretch.layout.top[at];
    return {
      month: stretch.month, part, id: stretch.tiles?.[at]?.id ?? null,
      delta: at < 0 ? 0 : inStretch - top, share: stretch.height ? inStretch / stretch.height : 0, inset,
    };
  }

  // The height at which a place is at the upper edge again; null if its month is gone.
  heightOf({ month, part, id, delta, share, inset }) {
    const known = id && this.stretches.find(id);
    if (known) return this.stretches.topOf(known.stretch) + known.stretch.layout.top[known.index] + delta - inset;
    const parts = this.stretches.monthOf(month);
    const stretch = parts[Math.min(part, parts.length - 1)];
    if (!stretch) return null;
    return this.stretches.topOf(stretch) + share * stretch.height - inset;
  }

  // How far into its month a place is, and on which day, if that is known.
  inMonth({ month }) {
    const parts = this.stretches.monthOf(month);
    const top = this.stretches.topOf(parts[0]);
    const tall = parts.reduce((sum, { height }) => sum + height, 0);
    const y = this.scroll.y + this.inset;
    // a heading that is about to reach the edge is what the reader sees
    const line = y + this.stretches.metrics.head;
    const stretch = this.stretches.list[this.stretches.indexAt(line)];
    const day = stretch.layout?.days.findLast((one) => one.top <= line - this.stretches.topOf(stretch));
    return { within: tall ? (y - top) / tall : 0, day: day?.day ?? "" };
  }

  #receive(stretch, { tiles, chunks, next }) {
    let filled = stretch;
    if (chunks) {
      // its chunks are together as tall as it was
      filled = this.stretches.split(stretch, chunks, { tiles, next });
      this.scroll.resize(this.stretches.height);
    }
    if (!chunks || (filled && tiles.length)) {
      this.keepPlace(() => this.stretches.fill(filled, tiles));
      this.#loadedAt.set(filled, performance.now());
    }
    this.draw();
    this.dispatchEvent(new CustomEvent("received", { detail: stretch }));
  }

  drawNow() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.scroll.follow();
    const now = performance.now();
    const { y } = this.scroll;
    const way = y - this.#last.y;
    const isQuick = Math.abs(way) > QUICK * innerHeight * Math.max(16, now - this.#last.at);
    this.#last = { y, at: now };
    const around = isQuick ? innerHeight / 4 : innerHeight;
    this.table.render(y - around, y + innerHeight + around, { offset: this.scroll.offset, isCalm: !isQuick });
    clearTimeout(this.#calming);
    if (isQuick) this.#calming = setTimeout(() => this.draw(), CALM_MS);
    else this.#want(way < 0);
    this.dispatchEvent(new Event("draw"));
  }

  // What is in sight first, then what comes next in the direction of the hand.
  #want(isUpwards) {
    const { y } = this.scroll;
    const above = this.#between(y - innerHeight * 1.5, y);
    const below = this.#between(y + innerHeight, y + innerHeight * 2.5);
    const inSight = this.#between(y, y + innerHeight);
    const around = isUpwards ? [...above.reverse(), ...below] : [...below, ...above.reverse()];
    for (const stretch of [...inSight, ...around]) {
      this.stretches.touch(stretch);
      if (performance.now() - (this.#loadedAt.get(stretch) ?? Infinity) > OLD_MS) stretch.isStale = true;
    }
    this.source.want(inSight, around);
  }

  #between(from, to) {
    const { list, tops } = this.stretches;
    const found = [];
    for (let at = this.stretches.indexAt(from); at < list.length && tops[at] < to; at++) found.push(list[at]);
    return found;
  }

  // Loads what stands between two heights.
  async load(from, to) {
    for (;;) {
      const missing = this.#between(from, to).filter(isMissing);
      if (!missing.length) return;
      await Promise.all(missing.map((stretch) => this.source.load(stretch)));
    }
  }

  #resize() {
    const metrics = measure(this.root);
    if (JSON.stringify(metrics) === JSON.stringify(this.stretches.metrics)) return;
    this.keepPlace(() => this.stretches.setMetrics(metrics));
    this.scroll.measure();
    this.scroll.settle();
    this.drawNow();
    this.dispatchEvent(new Event("resize"));
  }

  // Goes to a height and draws it, all in this moment.
  show(y) {
    this.scroll.jump(y);
    this.drawNow();
  }

  // A place of a month, 0 to 1.
  showMonth(month, within) {
    const parts = this.stretches.monthOf(month);
    if (!parts.length) return;
    const tall = parts.reduce((sum, { height }) => sum + height, 0);
    const y = this.stretches.topOf(parts[0]) + within * tall;
    this.show(y > 0 ? y - this.inset : -Infinity);
  }
}

// What css/tiles.css says about sizes
function measure(root) {
  const style = getComputedStyle(root);
  const pixels = (name) => Number.parseFloat(style.getPropertyValue(name));
  return {
    width: root.querySelector(".days, .canvas").clientWidth,
    row: pixels("--row"), gap: pixels("--gap"), head: pixels("--day-head"),
    dayGap: pixels("--day-gap"), lineGap: pixels("--line-gap"), leastDay: pixels("--day-least"),
  };
}
