// Paints the thumbhash of a picture behind it until the picture is there. No spinner, no shift.
//
// A hash costs about half a millisecond to paint, so a screen of them is painted in slices.

import { thumbHashToAverageRGBA, thumbHashToDataURL } from "../vendor/thumbhash.js";

const SLICE = 12;
const KEPT = 2000;
const painted = new Map(); // hash -> address of its picture
const waiting = new Set();

export function start(root) {
  paint(root);
}

export function paint(root) {
  for (const picture of hashed(root)) show(picture);
}

// The same for a screen that changes with every frame: its colour at once, the hash as soon as there is time.
export function placehold(root) {
  for (const picture of hashed(root)) {
    if (painted.has(picture.dataset.thumbhash)) {
      show(picture);
      continue;
    }
    const { r, g, b } = thumbHashToAverageRGBA(bytesOf(picture));
    picture.style.backgroundColor = `rgb(${[r, g, b].map((part) => Math.round(part * 255)).join(" ")})`;
    if (!waiting.size) requestAnimationFrame(paintSome);
    waiting.add(picture);
  }
}

function paintSome() {
  for (const picture of [...waiting].slice(0, SLICE)) {
    waiting.delete(picture);
    if (picture.isConnected && !isThere(picture)) show(picture);
  }
  if (waiting.size) requestAnimationFrame(paintSome);
}

function show(picture) {
  const hash = picture.dataset.thumbhash;
  if (!painted.has(hash)) painted.set(hash, thumbHashToDataURL(bytesOf(picture)));
  if (painted.size > KEPT) painted.delete(painted.keys().next().value);
  picture.style.backgroundImage = `url(${painted.get(hash)})`;
  picture.dataset.placeheld = "";
  picture.addEventListener("load", () => (picture.style.background = ""), { once: true });
}

// Pictures that are not there yet and not yet painted
function hashed(root) {
  return [...root.querySelectorAll("img[data-thumbhash]:not([data-placeheld])")].filter((picture) => !isThere(picture) && !waiting.has(picture));
}

function isThere(picture) {
  return picture.complete && picture.naturalWidth > 0;
}

function bytesOf(picture) {
  return Uint8Array.from(atob(picture.dataset.thumbhash), (letter) => letter.charCodeAt(0));
}
