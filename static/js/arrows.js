// Arrow keys move between photos as they lie on the table: left and right in order, up and down by position.

import { isForPage } from "./keys.js";

export function start(root) {
  document.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow") || event.shiftKey || !isForPage(event)) return;
    const tiles = [...root.querySelectorAll(".tile")];
    const at = tiles.indexOf(document.activeElement);
    if (at < 0 && event.key !== "ArrowRight") return;
    const next = at < 0 ? firstInSight(tiles) : neighbour(tiles, at, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  });
}

function firstInSight(tiles) {
  return tiles.find((tile) => tile.getBoundingClientRect().top >= 0);
}

function neighbour(tiles, at, key) {
  if (key === "ArrowLeft") return tiles[at - 1];
  if (key === "ArrowRight") return tiles[at + 1];
  const from = tiles[at].getBoundingClientRect();
  const middle = from.left + from.width / 2;
  const ahead = key === "ArrowDown" ? tiles.slice(at + 1) : tiles.slice(0, at).reverse();
  let best = null;
  for (const tile of ahead) {
    const box = tile.getBoundingClientRect();
    const isOtherRow = key === "ArrowDown" ? box.top >= from.bottom - 1 : box.bottom <= from.top + 1;
    if (!isOtherRow) continue;
    if (best && Math.abs(box.top - best.top) > 2) break;
    const distance = Math.abs(box.left + box.width / 2 - middle);
    if (!best || distance < best.distance) best = { tile, distance, top: box.top };
  }
  return best?.tile;
}
