// Photos of lists open over the list, without a new page. The layer itself comes with the first photo, or as soon as
// somebody points at one.

import { complain } from "./toasts.js";

const PHOTO = /^\/photos\/[\w-]+$/;

let loading = null;

function layer() {
  loading ??= import("./viewer/layer.js");
  return loading;
}

export function start(body) {
  // on the page of a photo the photo itself leads on
  if (body.querySelector("main .photo")) return;
  body.addEventListener("photo-open", (event) => {
    event.preventDefault();
    open(event.target.closest("a[data-photo]"));
  });
  body.addEventListener("click", (event) => {
    const tile = event.target.closest("a[data-photo]");
    const isPlain = !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!tile || tile.closest(".viewer") || !isPlain) return;
    event.preventDefault();
    open(tile);
  });
  for (const hint of ["pointerover", "focusin"]) {
    body.addEventListener(hint, (event) => event.target.closest?.("a[data-photo]") && layer(), { passive: true });
  }
  addEventListener("popstate", () => follow().catch(complain));
}

function open(tile) {
  layer()
    .then((module) => module.open(tile.href, tile))
    .catch(() => location.assign(tile.href));
}

// Back uncovers the list, forward covers it again.
async function follow() {
  const isPhoto = Boolean(history.state?.viewer) && PHOTO.test(location.pathname);
  if (!isPhoto && !loading) return;
  const { isOpen, cover, close } = await layer();
  if (isPhoto && !isOpen()) await cover(location.href);
  else if (!isPhoto && isOpen()) await close();
}
