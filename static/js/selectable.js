// Photos of a plain list (search results, trash) can be selected: data-module="selectable" on the list.

import { isSelectAll } from "./keys.js";
import { addAll, listenForSelecting, makeSelectable } from "./selecting.js";

export function start(list) {
  equip(list);
  // more results may come later
  new MutationObserver(() => equip(list)).observe(list, { childList: true });
  listenForSelecting(list, (one, other) => between(idsOf(list), one, other));
  document.addEventListener("keydown", (event) => {
    if (!isSelectAll(event)) return;
    event.preventDefault();
    addAll(idsOf(list));
  });
}

export function between(ids, one, other) {
  const [first, last] = [ids.indexOf(one), ids.indexOf(other)].sort((a, b) => a - b);
  return ids.slice(Math.max(first, 0), last + 1);
}

function equip(list) {
  for (const tile of list.querySelectorAll(".tile[data-photo]")) {
    const cell = tile.parentElement;
    if (cell.dataset.cell) continue;
    makeSelectable(cell, tile, tile.querySelector("img")?.alt || tile.textContent.trim());
  }
}

function idsOf(list) {
  return [...list.querySelectorAll("[data-cell]")].map((cell) => cell.dataset.cell);
}
