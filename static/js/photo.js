// The photo page by keys: newer, older, favourite, trash, and back to exactly where the reader was.

import { page, send } from "./api.js";
import { isForPage } from "./keys.js";

const KEYS = {
  ArrowLeft: () => go(".step-newer"),
  ArrowRight: () => go(".step-older"),
  Escape: back,
  f: () => document.querySelector('[data-module="favourite"] button')?.click(),
  Delete: () => document.querySelector("#trash button")?.click(),
};
const LISTS = ["/", "/search", "/trash", "/uploads"];
const ASK_EVERY_MS = 1500;

export function start(article) {
  remember(article.dataset.photo);
  document.addEventListener("keydown", (event) => {
    if (!isForPage(event) || event.shiftKey || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  document.getElementById("back").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    back();
  });
  for (const step of article.querySelectorAll(".step")) {
    step.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      location.replace(step.href);
    });
    whenIdle(() => preload(step.href));
  }
  if (article.dataset.state === "new" || article.dataset.state === "processing") wait(article, isMoved);
  else if (document.getElementById("looked-at")) wait(article, (item) => item.is_labelled);
}

// Steps replace each other in the history, so one step back is always the list.
function go(selector) {
  const step = document.querySelector(selector);
  if (step) location.replace(step.href);
}

function back() {
  const link = document.getElementById("back");
  const entries = Number(sessionStorage.getItem("entries"));
  if (entries) history.go(entries - 1 - history.length);
  else location.assign(link.href);
}

// `entries` is how long the history was when a photo was opened from a list of ours: what came on top of
// that since then lies between here and the list.
function remember(photoId) {
  sessionStorage.setItem("seen", photoId);
  const from = document.referrer ? new URL(document.referrer) : null;
  if (from?.origin === location.origin && LISTS.includes(from.pathname)) {
    if (performance.getEntriesByType("navigation")[0]?.type === "navigate") sessionStorage.setItem("entries", history.length);
  } else if (from?.origin !== location.origin || !from.pathname.startsWith("/photos/")) {
    sessionStorage.removeItem("entries");
  }
}

function whenIdle(act) {
  if ("requestIdleCallback" in window) requestIdleCallback(act, { timeout: 2000 });
  else setTimeout(act, 300);
}

async function preload(address) {
  const next = await page(address).catch(() => null);
  const picture = next?.getElementById("picture");
  if (!picture) return;
  const image = new Image();
  image.sizes = picture.sizes;
  image.srcset = picture.srcset;
}

function isMoved(item, article) {
  return item.state !== article.dataset.state && item.state !== "processing";
}

// Asks until the photo is as far as `isThere` says, then shows the page anew.
async function wait(article, isThere) {
  for (;;) {
    await new Promise((resolve) => {
      setTimeout(resolve, ASK_EVERY_MS);
    });
    if (document.hidden) continue;
    const answer = await send("GET", `/api/v1/photos/states?ids=${article.dataset.photo}`).catch(() => null);
    const item = answer?.items[0];
    if (item && isThere(item, article)) return location.reload();
  }
}
