// A photo opened from a list lies over it in a layer as large as the window. The list stays as it is underneath, out
// of reach; one step back in the history uncovers it, at the same place, with the focus on the photo seen last.

import { announce } from "../toasts.js";
import { take } from "./pages.js";
import { Show } from "./show.js";

const SOON_MS = 120; // what comes within that needs no stand-in

// What the page of a photo starts is there when it comes.
const BEHAVIOURS = ["photo", "boxes", "placeholders", "favourite", "describe", "stars", "verdict"];
const OF_VIEWER = ["stage", "written", "sharp", "panel", "turn"];
const ready = Promise.all([
  ...BEHAVIOURS.map((name) => import(`../${name}.js`)),
  ...OF_VIEWER.map((name) => import(`./${name}.js`)),
]);
const styled = Promise.all(["photo", "panel", "viewer"].map(ensureStyles));

let layer = null;
let show = null;
let isLeaving = false; // a second Escape must not go back further
let left = null; // the list: its scroll position, title, and the tile that was opened

export function isOpen() {
  return Boolean(layer);
}

// Opens the photo at `address`; `tile` is the link it grows out of, if there is one.
export async function open(address, tile = null) {
  if (layer) return void show.go(address);
  history.pushState({ ...history.state, viewer: true }, "", address);
  await cover(address, tile);
}

// The entry of the history is there already.
export async function cover(address, tile = null) {
  left = { top: scrollY, title: document.title, photo: tile?.dataset.photo ?? photoOf(address) };
  const mine = build();
  layer = mine;
  isLeaving = false;
  show = new Show(layer, leave);
  const coming = take(address);
  coming.catch(() => {}); // told below
  await Promise.all([styled, ready]);
  const soon = await Promise.race([coming.catch(() => null), pause(SOON_MS)]);
  const picture = tile?.querySelector("img");
  if (layer !== mine) return; // closed meanwhile
  await grow(picture, () => {
    document.body.append(layer);
    putAway(true);
    if (soon) show.put(soon);
    else layer.replaceChildren(standIn(picture));
    layer.focus({ preventScroll: true });
  });
  if (soon || layer !== mine) return;
  try {
    const late = await coming;
    if (layer === mine) show.put(late);
  } catch {
    location.assign(address); // what went wrong is told by the page itself
  }
}

// Whoever wants to search goes on typing at once.
function leave({ forSearch = false } = {}) {
  if (isLeaving) return;
  isLeaving = true;
  if (forSearch) {
    putAway(false);
    layer.hidden = true;
    const box = document.getElementById("search-box");
    box.focus();
    box.select();
  }
  history.back();
}

export async function close() {
  const { photo } = show.article?.dataset ?? left;
  const gone = layer;
  show.end();
  layer = show = null;
  document.title = left.title;
  const tile = () => document.getElementById(`photo-${photo}`);
  await grow(gone.hidden ? null : tile()?.querySelector("img"), () => {
    gone.remove();
    putAway(false);
    if (!gone.hidden) uncover(photo, tile());
  });
  announce("Back in the list");
}

// What the layer covers is out of reach; what floats above it is not.
function putAway(isAway) {
  for (const part of document.querySelectorAll(".frame, .skip")) part.inert = isAway;
}

function uncover(photo, tile) {
  if (scrollY !== left.top) scrollTo({ top: left.top, behavior: "instant" });
  sessionStorage.removeItem("seen");
  // a list that makes its tiles only where they are in sight goes there by itself
  const event = new CustomEvent("photo-close", { detail: { id: photo }, cancelable: true });
  if (!document.dispatchEvent(event) || !tile) return;
  tile.focus({ preventScroll: true });
  const box = tile.getBoundingClientRect();
  if (box.bottom < 80 || box.top > innerHeight - 80) tile.scrollIntoView({ block: "center" });
}

function build() {
  const element = document.createElement("div");
  element.className = "viewer";
  element.id = "viewer";
  element.tabIndex = -1;
  element.setAttribute("role", "dialog");
  element.setAttribute("aria-modal", "true");
  element.setAttribute("aria-label", "Photo");
  // what is underneath must not scroll
  element.addEventListener("wheel", (event) => event.target.closest(".panel") || event.preventDefault(), { passive: false });
  return element;
}

// Until the page of the photo is there: its picture from the list.
function standIn(picture) {
  const stage = document.createElement("div");
  stage.className = "stage stage-alone";
  if (picture) {
    const copy = new Image(picture.width, picture.height);
    copy.className = "print-picture stand-in";
    copy.src = picture.currentSrc || picture.src;
    copy.alt = picture.alt;
    stage.append(copy);
  }
  return stage;
}

// The picture of the list becomes the picture of the layer, or the other way round.
async function grow(picture, change) {
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden;
  if (!document.startViewTransition || !picture || isStill) return change();
  const isOpening = !document.getElementById("viewer");
  if (isOpening) picture.style.viewTransitionName = "picture";
  const transition = document.startViewTransition(() => {
    picture.style.viewTransitionName = isOpening ? "" : "picture";
    change();
  });
  for (const step of [transition.ready, transition.finished]) step.catch(() => {}); // one given up is no fault
  await transition.updateCallbackDone;
  transition.finished.catch(() => {}).then(() => (picture.style.viewTransitionName = ""));
}

// Lists do not have these style sheets.
function ensureStyles(name) {
  const address = new URL(`../../css/${name}.css`, import.meta.url).href;
  if ([...document.styleSheets].some((sheet) => sheet.href === address)) return null;
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address });
  const loaded = new Promise((resolve) => {
    link.onload = link.onerror = resolve;
  });
  document.head.append(link);
  return loaded;
}

function photoOf(address) {
  return new URL(address, location.href).pathname.split("/")[2];
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(() => resolve(null), milliseconds);
  });
}
