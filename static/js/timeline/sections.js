// What stands on the table: a day (or the part of it in one stretch) with the tiles that are in sight, and the
// empty space of a stretch that is on its way.

import { selection } from "../selection.js";
import { commonPlace, makeDayHead, makeMonthHead, showCount } from "./heads.js";
import { fetchPicture, leavePicture, make, makeCell } from "./tile.js";

// Space for photos that are not known yet.
export class Waiting {
  element = make("section", "placed waiting");

  constructor({ stretch }) {
    this.stretch = stretch;
    this.element.append(makeMonthHead(stretch.month));
  }

  place({ stretch }, top, { lineGap }) {
    put(this.element, { left: 0, top, height: Math.max(0, stretch.height - lineGap) });
    this.element.style.width = "100%";
  }

  leave() {
    this.element.remove();
  }
}

export class Day {
  element = make("section", "day placed");
  #cells = new Map(); // number of the tile in the stretch -> cell
  #revisions = new WeakMap(); // cell -> revision of its photo
  #layout = null;
  #list = make("div", "cells");
  #around = null;

  constructor({ stretch, day }) {
    const place = commonPlace(stretch.tiles.slice(day.first, day.first + day.count));
    this.stretch = stretch;
    this.day = day;
    this.hasPlace = Boolean(place);
    this.head = makeDayHead(day.day, place);
    this.#list.setAttribute("role", "list");
    this.#list.setAttribute("aria-label", this.head.querySelector("time").textContent);
    this.element.dataset.day = day.day;
    this.element.append(this.#list);
  }

  place({ stretch, day }, top) {
    Object.assign(this, { stretch, day });
    put(this.element, { left: day.left, top: top + day.top, width: day.width, height: day.height });
    if (day.hasHead && !this.head.isConnected) this.element.prepend(this.head);
    if (!day.hasHead) this.head.remove();
  }

  // Shows the tiles from `first` to `behind` (not included), and the one that has the focus. `take(tile)` gives a
  // link that is on the page already, or nothing.
  fill({ first, behind }, take) {
    const { layout, tiles } = this.stretch;
    const isMoved = this.#layout !== layout;
    this.#layout = layout;
    this.#leaveOthers(tiles, first, behind);
    let before = null;
    for (const index of this.#numbers(first, behind)) {
      const known = this.#cells.get(index);
      const cell = known ?? this.#addCell(index, tiles[index], take);
      if (!known || isMoved) this.#putCell(cell, index);
      const next = before ? before.nextSibling : this.#list.firstChild;
      if (cell !== next) this.#list.insertBefore(cell, next);
      before = cell;
    }
  }

  fetchPictures() {
    for (const [index, cell] of this.#cells) fetchPicture(cell, this.stretch.layout.width[index]);
  }

  // `around` is what `Stretches.dayAround` says.
  tellCount({ before, behind, isWhole }) {
    const count = isWhole ? before + this.day.count + behind : null;
    this.#around = { before, count };
    showCount(this.head, count, this.hasPlace);
    for (const [index, cell] of this.#cells) this.#setNumbers(cell, index);
  }

  showChosen() {
    const ids = this.stretch.tiles?.slice(this.day.first, this.day.first + this.day.count) ?? [];
    const isChosen = selection.size > 0 && ids.every(({ id }) => selection.has(id));
    this.head.querySelector(".tile-check").setAttribute("aria-checked", String(isChosen));
  }

  leave() {
    for (const cell of this.#cells.values()) leavePicture(cell);
    this.element.remove();
  }

  #addCell(index, tile, take) {
    const cell = makeCell(tile, take(tile));
    this.#cells.set(index, cell);
    this.#revisions.set(cell, tile.revision);
    this.#setNumbers(cell, index);
    return cell;
  }

  #leaveOthers(tiles, first, behind) {
    for (const [index, cell] of this.#cells) {
      const tile = tiles[index];
      const isSame = tile?.id === cell.dataset.cell && tile.revision === this.#revisions.get(cell);
      const isInSight = index >= first && index < behind;
      if (isSame && (isInSight || cell.contains(document.activeElement))) continue;
      leavePicture(cell);
      cell.remove();
      this.#cells.delete(index);
    }
  }

  #numbers(first, behind) {
    const numbers = new Set(this.#cells.keys());
    for (let index = first; index < behind; index++) numbers.add(index);
    return [...numbers].sort((a, b) => a - b);
  }

  #putCell(cell, index) {
    const { left, top, width, tall } = this.stretch.layout;
    put(cell, { left: left[index] - this.day.left, top: top[index] - this.day.top, width: width[index], height: tall[index] });
  }

  #setNumbers(cell, index) {
    if (!this.#around) return;
    const { before, count } = this.#around;
    cell.setAttribute("aria-posinset", String(before + index - this.day.first + 1));
    cell.setAttribute("aria-setsize", String(count ?? -1));
  }
}

function put(element, box) {
  for (const [side, pixels] of Object.entries(box)) element.style[side] = `${pixels}px`;
}
