// Paints the thumbhash of a picture behind it until the picture is there. No spinner, no shift.

import { thumbHashToDataURL } from "../vendor/thumbhash.js";

export function start(root) {
  paint(root);
}

export function paint(root) {
  for (const picture of root.querySelectorAll("img[data-thumbhash]")) {
    if (picture.complete && picture.naturalWidth) continue;
    const bytes = Uint8Array.from(atob(picture.dataset.thumbhash), (letter) => letter.charCodeAt(0));
    picture.style.backgroundImage = `url(${thumbHashToDataURL(bytes)})`;
    picture.addEventListener("load", () => (picture.style.backgroundImage = ""), { once: true });
  }
}
