// The photo page by keys: newer, older, favourite, trash, and back to exactly where the reader was.

import { page, send } from "./api.js";
import { boot } from "./boot.js";
import { isForPage } from "./keys.js";
import { paint } from "./placeholders.js";
import { announce } from "./toasts.js";

const KEYS = {
  ArrowLeft: () => go(".step-newer"),
  ArrowRight: () => go(".step-older"),
  Escape: back,
  f: () => document.querySelector('[data-module="favourite"] button')?.click(),
  Delete: () => document.querySelector("#trash button")?.click(),
};
const LISTS = ["/", "/search", "/trash", "/uploads"];
const ASK_EVERY_MS = 1500;
const WORDS = { ready: "The photo is ready", refused: "The photo was refused", processing: "The photo is being worked on" };

export function start(article) {
  remember(article.dataset.photo);
  document.addEventListener("keydown", (event) => {
    if (!isForPage(event) || event.shiftKey || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  article.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest("#back, .step");
    if (!link) return;
    event.preventDefault();
    if (link.id === "back") back();
    else location.replace(link.href);
  });
  for (const step of article.querySelectorAll(".step")) whenIdle(() => preload(step.href));
  watch(article);
}

function watch(article) {
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

// Asks until the photo is as far as `isThere` says, then shows what is new. The page is not loaded again: a key
// pressed or a word typed at that moment would be lost.
async function wait(article, isThere) {
  for (;;) {
    await new Promise((resolve) => {
      setTimeout(resolve, ASK_EVERY_MS);
    });
    if (document.hidden) continue;
    const answer = await send("GET", `/api/v1/photos/states?ids=${article.dataset.photo}`).catch(() => null);
    const item = answer?.items[0];
    if (!item || !isThere(item, article)) continue;
    const next = await page(location.href).catch(() => null);
    if (next) return renew(article, next.querySelector(".photo"));
  }
}

// The part of the panel that somebody stands in, or has typed into, stays as it is.
function renew(article, next) {
  const panel = article.querySelector(".panel");
  const fresh = next.querySelector(".panel");
  const kept = [...panel.children].find((part) => part.contains(document.activeElement) || part.querySelector("[data-changed]"));
  article.querySelector(".stage").replaceWith(next.querySelector(".stage"));
  for (const part of [...panel.children]) if (part !== kept) part.remove();
  let isAbove = Boolean(kept);
  for (const part of [...fresh.children]) {
    if (kept && part.id === kept.id) isAbove = false;
    else if (isAbove) kept.before(part);
    else panel.append(part);
  }
  article.dataset.state = next.dataset.state;
  paint(article);
  boot(article);
  announce(WORDS[next.dataset.state]);
  watch(article);
}
