// One photo: what is not there yet comes when it is ready. On a page of its own, outside the viewer's layer, it also
// gets the keys, and leads on and back without a new page.

import { page, send } from "./api.js";
import { boot } from "./boot.js";
import { paint } from "./placeholders.js";
import { announce } from "./toasts.js";
import { followBack, leavePage, remember } from "./viewer/history.js";
import { decoded } from "./viewer/pages.js";
import { Show } from "./viewer/show.js";

const ASK_EVERY_MS = 1500;
const ASK_SOON_MS = 400; // while somebody looks at a picture that is being turned
const WORDS = { ready: "The photo is ready", refused: "The photo was refused", processing: "The photo is being worked on" };

export function start(article) {
  if (!article.closest(".viewer")) {
    remember(article.dataset.photo);
    followBack();
    new Show(article.parentElement, leavePage);
  }
  article.addEventListener("turned", () => wait(article, isSettled, ASK_SOON_MS));
  watch(article);
}

function watch(article) {
  const { state, turn, turnMade } = article.dataset;
  if (state === "new" || state === "processing") wait(article, turn === turnMade ? isMoved : isSettled);
  else if (article.querySelector("#looked-at")) wait(article, (item) => item.is_labelled);
}

function isMoved(item, article) {
  return item.state !== article.dataset.state && item.state !== "processing";
}

function isSettled(item) {
  return item.state === "ready" || item.state === "refused";
}

const waiting = new WeakMap();

// Asks until the photo is as far as `isThere` says, then shows what is new. The page is not loaded again: a key
// pressed or a word typed at that moment would be lost. The last wait of an article replaces those before it.
async function wait(article, isThere, pauseMs = ASK_EVERY_MS) {
  const turn = {};
  waiting.set(article, turn);
  for (;;) {
    await new Promise((resolve) => {
      setTimeout(resolve, pauseMs);
    });
    if (waiting.get(article) !== turn || !article.isConnected) return;
    if (document.hidden) continue;
    const answer = await send("GET", `/api/v1/photos/states?ids=${article.dataset.photo}`).catch(() => null);
    const item = answer?.items[0];
    if (!item || !isThere(item, article)) continue;
    const next = (await page(location.href).catch(() => null))?.querySelector(".photo");
    if (waiting.get(article) !== turn || !article.isConnected) return;
    if (next?.dataset.photo === article.dataset.photo) return renew(article, document.adoptNode(next));
  }
}

// The part of the panel that somebody stands in, or has typed into, stays as it is.
async function renew(article, next) {
  await decoded(next);
  const panel = article.querySelector(".panel");
  const fresh = next.querySelector(".panel");
  const kept = [...panel.children].find((part) => part.contains(document.activeElement) || part.querySelector("[data-changed]"));
  const focus = focusIn(article.querySelector(".stage"));
  article.querySelector(".stage").replaceWith(next.querySelector(".stage"));
  if (focus) article.querySelector(focus)?.focus();
  for (const part of [...panel.children]) if (part !== kept) part.remove();
  let isAbove = Boolean(kept);
  for (const part of [...fresh.children]) {
    if (kept && part.id === kept.id) isAbove = false;
    else if (isAbove) kept.before(part);
    else panel.append(part);
  }
  const word = next.dataset.turnMade === article.dataset.turnMade ? WORDS[next.dataset.state] : "";
  Object.assign(article.dataset, next.dataset);
  paint(article);
  boot(article);
  if (word) announce(word);
  document.dispatchEvent(new CustomEvent("photos-changed", { detail: { ids: [article.dataset.photo] } }));
  watch(article);
}

// How to find the control of the stage that has the focus, in another stage.
function focusIn(stage) {
  const at = stage.contains(document.activeElement) ? document.activeElement : null;
  if (!at) return "";
  if (at.id) return `#${at.id}`;
  if (at.dataset.act) return `[data-act="${at.dataset.act}"]`;
  return at.dataset.turnBy ? `[data-turn-by="${at.dataset.turnBy}"]` : "";
}
