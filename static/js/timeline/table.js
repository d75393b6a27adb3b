// The nodes on the light table: only what is in sight and a little more, in the order of the library. What leaves
// the window leaves the document, except for the photo that has the focus.

import { placehold } from "../placeholders.js";
import { selection } from "../selection.js";
import { tilesBetween } from "./layout.js";
import { Day, Waiting } from "./sections.js";

export class Table {
  #canvas;
  #stretches;
  #found; // photo id -> link, from the page the server wrote
  #sections = new Map(); // key -> Day or Waiting
  #version = -1;
  current = null; // id of the photo that Tab comes to

  constructor(canvas, stretches, found) {
    this.#canvas = canvas;
    this.#stretches = stretches;
    this.#found = found;
    selection.addEventListener("change", () => this.#days.forEach((day) => day.showChosen()));
  }

  // Shows what lies between two heights of the library. While the hand is quick no picture is fetched.
  render(from, to, { offset, isCalm }) {
    const keepFocus = this.#heldFocus();
    const parts = this.#keepFocused(this.#partsBetween(from, to));
    const keys = new Set(parts.map((part) => part.key));
    for (const [key, section] of this.#sections) {
      if (keys.has(key)) continue;
      section.leave();
      this.#sections.delete(key);
    }
    let before = null;
    for (const part of parts) {
      const section = this.#sectionOf(part);
      section.place(part, this.#stretches.topOf(part.stretch) - offset, this.#stretches.metrics);
      section.fill?.(part, (tile) => this.#take(tile));
      const next = before ? before.nextSibling : this.#canvas.firstChild;
      if (section.element !== next) this.#canvas.insertBefore(section.element, next);
      before = section.element;
    }
    keepFocus();
    this.setCurrent(this.current);
    if (this.#version !== this.#stretches.version) this.#tellCounts();
    if (isCalm) this.fetchPictures();
  }

  fetchPictures() {
    for (const day of this.#days) day.fetchPictures();
    placehold(this.#canvas);
  }

  linkOf(id) {
    const link = document.getElementById(`photo-${id}`);
    return this.#canvas.contains(link) ? link : null;
  }

  // The one photo that Tab comes to.
  setCurrent(id) {
    const old = this.current && this.linkOf(this.current);
    if (old && this.current !== id) old.tabIndex = -1;
    this.current = id;
    const link = id && this.linkOf(id);
    if (link) link.tabIndex = 0;
  }

  // The first photo that is wholly in sight, `inset` below the upper edge of the window.
  firstInSight(inset) {
    const links = [...this.#canvas.querySelectorAll(".cell > .tile")];
    return links.find((link) => link.getBoundingClientRect().top >= inset - 1)?.dataset.photo ?? null;
  }

  get #days() {
    return [...this.#sections.values()].filter((section) => section instanceof Day);
  }

  // A photo that changes, or stands elsewhere since others arrived, gets a new cell; the returned function gives that
  // one the focus which the old one had.
  #heldFocus() {
    const held = document.activeElement;
    const id = this.#canvas.contains(held) && held.closest(".cell")?.dataset.cell;
    const kind = held?.matches(".tile") ? ".tile" : ".tile-check";
    return () => {
      if (!id || document.activeElement === held) return;
      this.linkOf(id)?.closest(".cell").querySelector(kind).focus({ preventScroll: true });
    };
  }

  #partsBetween(from, to) {
    const { list, tops } = this.#stretches;
    const parts = [];
    for (let at = this.#stretches.indexAt(from); at < list.length && tops[at] < to; at++) {
      const stretch = list[at];
      if (stretch.layout) parts.push(...daysBetween(stretch, from - tops[at], to - tops[at]));
      else parts.push({ key: `${stretch.key}`, stretch });
    }
    return parts;
  }

  #keepFocused(parts) {
    const focused = this.#days.find((one) => one.element.contains(document.activeElement));
    const day = focused?.stretch.layout?.days.find((one) => one.day === focused.day.day);
    const key = day && keyOf(focused.stretch, day);
    if (!day || parts.some((part) => part.key === key) || !this.#stretches.list.includes(focused.stretch)) return parts;
    const place = (part) => this.#stretches.topOf(part.stretch) + (part.day?.top ?? 0);
    const kept = { key, stretch: focused.stretch, day, first: day.first, behind: day.first };
    return [...parts, kept].sort((a, b) => place(a) - place(b) || a.first - b.first);
  }

  #sectionOf(part) {
    const known = this.#sections.get(part.key);
    if (known) return known;
    const section = part.day ? new Day(part) : new Waiting(part);
    this.#sections.set(part.key, section);
    this.#version = -1;
    return section;
  }

  #take(tile) {
    const link = this.#found.get(tile.id);
    this.#found.delete(tile.id);
    return link?.dataset.state === tile.state ? link : null;
  }

  #tellCounts() {
    for (const day of this.#days) {
      day.tellCount(this.#stretches.dayAround(day.stretch, day.day.day));
      day.showChosen();
    }
    this.#version = this.#stretches.version;
  }
}

function daysBetween(stretch, from, to) {
  const [first, behind] = tilesBetween(stretch.layout, from, to);
  return stretch.layout.days
    .filter((day) => day.top <= to && day.top + day.height >= from)
    .map((day) => {
      const start = Math.max(first, day.first);
      const end = Math.max(start, Math.min(behind, day.first + day.count));
      return { key: keyOf(stretch, day), stretch, day, first: start, behind: end };
    });
}

function keyOf(stretch, day) {
  return `${stretch.key}/${day.day}`;
}
