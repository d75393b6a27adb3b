// The keys of the grid. One photo at a time can be reached with Tab; the arrows carry that on.

import { isForPage, isSelectAll } from "../keys.js";
import { addAll } from "../selecting.js";
import { selection } from "../selection.js";
import { complain } from "../toasts.js";
import { nearestInRow, tileInNextRow } from "./layout.js";
import { beside, end, idsBetween, idsOfDay, idsOfMonth } from "./walk.js";

const ROWS_A_PAGE = 0.8; // of the window

export class Keyboard {
  #grid;
  #anchor = null; // where a range began that Shift draws on
  #busy = Promise.resolve();

  constructor(grid) {
    this.#grid = grid;
    document.addEventListener("keydown", (event) => this.#onKey(event));
    grid.canvas.addEventListener("focusin", ({ target }) => {
      const id = target.closest(".cell")?.dataset.cell;
      if (id) grid.table.setCurrent(id);
    });
    // somebody comes with Tab
    grid.addEventListener("draw", () => {
      if (!grid.table.linkOf(grid.table.current ?? "")) grid.table.setCurrent(grid.table.firstInSight(grid.inset));
    });
  }

  // Shows a photo and gives it the focus. `isCentred`: in the middle of the window, if it was not in sight.
  focus({ stretch, index }, { isCentred = false } = {}) {
    const grid = this.#grid;
    const top = grid.stretches.topOf(stretch) + stretch.layout.top[index];
    const { head } = grid.stretches.metrics;
    const from = grid.scroll.y + grid.inset + head;
    const to = grid.scroll.y + innerHeight - barHeight();
    const tall = stretch.layout.tall[index];
    const isOut = top < from || top + tall > to;
    if (isOut && isCentred) grid.show(top + tall / 2 - innerHeight / 2);
    // above the first row there is the heading of its day, and of the page
    else if (top < from) grid.show(top <= head ? -Infinity : top - grid.inset - head);
    else if (top + tall > to) grid.show(top + tall - innerHeight + barHeight());
    grid.table.setCurrent(stretch.tiles[index].id);
    grid.table.linkOf(grid.table.current)?.focus({ preventScroll: true });
  }

  #onKey(event) {
    const { canvas, table } = this.#grid;
    const isIn = canvas.contains(document.activeElement);
    if (isSelectAll(event) && table.current) {
      event.preventDefault();
      return this.#later(() => this.#selectMore());
    }
    if (!isForPage(event)) return undefined;
    const isEntering = !isIn && event.key === "ArrowRight" && [document.body, null].includes(document.activeElement);
    if (isEntering) {
      const first = table.firstInSight(this.#grid.inset);
      if (first) event.preventDefault();
      table.linkOf(first ?? "")?.focus({ preventScroll: true });
      return undefined;
    }
    const find = isIn && !event.target.closest(".day-head") && this.#moves[event.key];
    if (!find) return undefined;
    event.preventDefault();
    return this.#later(() => this.#move(find, event.shiftKey));
  }

  // One after the other, also where the next photos have to be fetched first.
  #later(act) {
    this.#busy = this.#busy.then(act).catch(complain);
  }

  async #move(find, isRange) {
    const { table } = this.#grid;
    const from = table.current;
    const found = from && (await find(from));
    if (!found) return;
    if (isRange) await this.#draw(from, found.tile.id);
    else this.#anchor = null;
    this.focus(found);
  }

  // Shift and a move select from where the range began, and give back what it no longer covers.
  async #draw(from, to) {
    this.#anchor ??= from;
    const was = await idsBetween(this.#grid, this.#anchor, from);
    const is = await idsBetween(this.#grid, this.#anchor, to);
    const stays = new Set(is);
    selection.remove(...was.filter((id) => !stays.has(id)));
    addAll(is);
  }

  // The day first; when all of it is selected, the month.
  async #selectMore() {
    const id = this.#grid.table.current;
    const day = await idsOfDay(this.#grid, id);
    if (!day.every((one) => selection.has(one))) return addAll(day);
    const { stretch } = this.#grid.stretches.find(id);
    return addAll(await idsOfMonth(this.#grid, stretch.month));
  }

  #moves = {
    ArrowRight: (id) => beside(this.#grid, id, 1),
    ArrowLeft: (id) => beside(this.#grid, id, -1),
    ArrowDown: (id) => this.#nextRow(id, 1),
    ArrowUp: (id) => this.#nextRow(id, -1),
    PageDown: (id) => this.#nextPage(id, 1),
    PageUp: (id) => this.#nextPage(id, -1),
    Home: () => end(this.#grid, 1),
    End: () => end(this.#grid, -1),
  };

  async #nextRow(id, direction) {
    const { stretches } = this.#grid;
    const { stretch, index } = stretches.find(id);
    const inside = tileInNextRow(stretch.layout, index, direction);
    if (inside >= 0) return at(stretch, inside);
    // the last row of its stretch: on with the first of the next
    const edge = direction > 0 ? stretch.tiles.at(-1) : stretch.tiles[0];
    const next = await beside(this.#grid, edge.id, direction);
    if (!next) return null;
    const middle = stretch.layout.left[index] + stretch.layout.width[index] / 2;
    return at(next.stretch, nearestInRow(next.stretch.layout, next.index, direction, middle));
  }

  async #nextPage(id, direction) {
    const heightOf = ({ stretch, index }) => this.#grid.stretches.topOf(stretch) + stretch.layout.top[index];
    let found = this.#grid.stretches.find(id);
    const goal = heightOf(found) + direction * ROWS_A_PAGE * innerHeight;
    for (;;) {
      const next = await this.#nextRow(found.stretch.tiles[found.index].id, direction);
      if (!next) return at(found.stretch, found.index);
      if ((heightOf(next) - goal) * direction > 0) return next;
      found = next;
    }
  }
}

function at(stretch, index) {
  return { stretch, index, tile: stretch.tiles[index] };
}

// What covers the lower edge of the window
function barHeight() {
  const bar = document.getElementById("selection-bar");
  const tabs = innerWidth < 720 ? (document.querySelector(".rail")?.offsetHeight ?? 0) : 0;
  return tabs + (bar && !bar.hidden ? bar.offsetHeight : 0) + 8;
}
