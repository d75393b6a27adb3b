// What happens to the library while somebody looks at it: uploads arrive, photos turn ready, other pages and
// other people's hands change things. Nothing that is in sight moves because of it.

import { page } from "../api.js";
import { Arrivals } from "./arrivals.js";
import { make } from "./tile.js";

const LOOK_EVERY_MS = 60_000;
const LOOK_OFTEN_MS = 2000;
const OFTEN = 90; // times
const TOGETHER_MS = 400;

export function followChanges(grid, focus) {
  const arrivals = new Arrivals();
  let timer = 0;
  let isAll = false;
  const refresh = async () => {
    const all = isAll;
    isAll = false;
    // the next occasion asks again
    await grid.refresh({ isAll: all }).catch(() => {});
  };
  // many photos turn ready together, and are asked for once
  const soon = (all) => {
    isAll ||= all;
    clearTimeout(timer);
    timer = setTimeout(refresh, TOGETHER_MS);
  };
  const keepInPlace = (change) => {
    const tall = arrivals.element.offsetHeight;
    change();
    grid.scroll.measure();
    const more = arrivals.element.offsetHeight - tall;
    if (more && scrollY > grid.scroll.start) scrollBy({ top: more, behavior: "instant" });
    grid.draw();
  };

  grid.canvas.before(arrivals.element);
  const leaveEmpty = () => {
    const drop = document.querySelector(".drop");
    if (!drop) return;
    const title = make("h1", "aside");
    title.textContent = "Photos";
    drop.replaceWith(title);
    sampleLine().then((line) => line && keepInPlace(() => title.after(line)), () => {});
  };
  document.addEventListener("arrived", ({ detail }) => {
    leaveEmpty();
    keepInPlace(() => arrivals.add(detail));
  });
  document.addEventListener("photos-changed", () => soon(true));
  document.addEventListener("photo-close", () => soon(true));
  grid.root.addEventListener("ready", ({ target }) => {
    const known = grid.stretches.find(target.dataset.photo);
    if (known) known.stretch.isStale = true;
    soon(false);
  });
  grid.addEventListener("received", () => {
    if (!arrivals.ids.some((id) => isReady(grid, id))) return;
    let focused = null;
    keepInPlace(() => (focused = arrivals.release((id) => isReady(grid, id))));
    grid.drawNow();
    const at = focused && grid.stretches.find(focused);
    if (at) focus(at);
  });
  document.addEventListener("visibilitychange", () => !document.hidden && soon(false));
  addEventListener("pageshow", ({ persisted }) => persisted && soon(true));
  const look = () => !document.hidden && soon(false);
  setInterval(look, LOOK_EVERY_MS);
  // an empty library is being filled before its reader's eyes: by sample photos, or by another program
  if (!grid.months.length) lookOften(look, OFTEN);
  grid.addEventListener("months", () => grid.months.length && leaveEmpty());
}

// The line that the server writes above sample photos; null where there are none.
async function sampleLine() {
  const line = (await page("/")).querySelector(".sample-line");
  return line && document.adoptNode(line);
}

function lookOften(look, times) {
  if (!times) return;
  look();
  setTimeout(() => lookOften(look, times - 1), LOOK_OFTEN_MS);
}

function isReady(grid, id) {
  const at = grid.stretches.find(id);
  return Boolean(at) && !["new", "processing"].includes(at.stretch.tiles[at.index].state);
}
