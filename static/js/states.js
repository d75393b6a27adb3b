// Photos that are still waiting or working turn ready, or refused, in place. Asks less often while nothing
// happens, and not at all while nobody looks.

import { send } from "./api.js";
import { announce } from "./toasts.js";

const FIRST_MS = 1000;
const LONGEST_MS = 20000;
const AT_ONCE = 200;
const WORDS = { new: "Waiting", processing: "Working", refused: "Refused" };
// As in photos/web/present.py: aspect ratios in steps of 2.5 %, from 1:2 to 3:1.
const STEP = Math.log(1.025);
const LEAST = -28;
const MOST = 44;

export function start(root) {
  let wait = FIRST_MS;
  let timer = 0;
  const later = (milliseconds) => {
    clearTimeout(timer);
    if (!document.hidden && unfinished(root).length) timer = setTimeout(ask, milliseconds);
  };
  const ask = async () => {
    try {
      const hasMoved = await refresh(root);
      wait = hasMoved ? FIRST_MS : Math.min(wait * 1.5, LONGEST_MS);
    } catch {
      wait = LONGEST_MS;
    }
    later(wait);
  };
  const soon = () => later((wait = FIRST_MS));
  document.addEventListener("visibilitychange", soon);
  new MutationObserver(soon).observe(root, { childList: true, subtree: true });
  later(wait);
}

function unfinished(root) {
  return [...root.querySelectorAll('.tile[data-state="new"], .tile[data-state="processing"]')];
}

async function refresh(root) {
  const tiles = new Map(unfinished(root).slice(0, AT_ONCE).map((tile) => [tile.dataset.photo, tile]));
  const { items } = await send("GET", `/api/v1/photos/states?ids=${[...tiles.keys()].join(",")}`);
  const moved = items.filter((item) => tiles.get(item.id).dataset.state !== item.state);
  await Promise.all(moved.map((item) => show(tiles.get(item.id), item)));
  const ready = moved.filter((item) => item.state === "ready").length;
  if (ready) announce(`${ready} ${ready === 1 ? "photo is" : "photos are"} ready`);
  return moved.length > 0;
}

async function show(tile, item) {
  if (item.state === "ready") {
    reveal(tile, await send("GET", `/api/v1/photos/${item.id}`));
  } else {
    const words = tile.querySelector(".tile-words") ?? tile.querySelector(".tile-over");
    if (words) words.textContent = WORDS[item.state];
    if (item.reason) tile.title = item.reason;
  }
  tile.dataset.state = item.state;
}

function reveal(tile, photo) {
  const rendition = photo.renditions.medium ?? photo.renditions.large;
  const picture = document.createElement("img");
  picture.src = rendition.url;
  picture.alt = photo.description || photo.labels.slice(0, 3).map((label) => label.name).join(", ") || photo.name;
  picture.width = rendition.width;
  picture.height = rendition.height;
  const step = Math.round(Math.log(photo.width / photo.height) / STEP);
  const name = `r${Math.max(LEAST, Math.min(MOST, step)) - LEAST}`;
  picture.decode().then(() => {}, () => {}).then(() => {
    tile.className = `tile ${name}`;
    tile.replaceChildren(picture);
    tile.dispatchEvent(new CustomEvent("ready", { bubbles: true, detail: photo }));
  });
}
