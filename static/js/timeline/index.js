// The timeline: a grid of any length in place of the pages that the server writes. The first tiles on screen stay
// the server's; everything else is fetched as it comes into sight.
//
// Others use: `reveal(id)` below, `selection.js`, and the event `photo-open`, which is dispatched on a tile before
// its link is followed: { id, neighbours }; preventDefault() keeps the page.

import { addAll, listenForSelecting } from "../selecting.js";
import { takeSeen } from "../seen.js";
import { selection } from "../selection.js";
import { start as followStates } from "../states.js";
import { complain } from "../toasts.js";
import { Grid } from "./grid.js";
import { listenForJumps } from "./jump.js";
import { Keyboard } from "./keyboard.js";
import { followChanges } from "./live.js";
import { keepPlaces, rememberedPlace } from "./memory.js";
import { Scrubber } from "./scrubber.js";
import { make } from "./tile.js";
import { beside, end, findDay, findPhoto, idsBetween, idsOfDay } from "./walk.js";

let grid = null;
let keyboard = null;

// The photos beside one, as functions that fetch if they must: tile | null, as the API describes tiles.
function neighbours(id) {
  const find = (direction) => async () => (grid ? ((await beside(grid, id, direction))?.tile ?? null) : null);
  return { previous: find(-1), next: find(1) };
}

// Shows a photo in the grid and gives it the focus. Whether it is there.
export async function reveal(id) {
  const at = grid && (await findPhoto(grid, id));
  if (at) keyboard.focus(at, { isCentred: true });
  return Boolean(at);
}

export async function start(root) {
  const list = root.querySelector(".days");
  const canvas = make("div", "canvas");
  const links = [...list.querySelectorAll(".tile[data-photo]")];
  canvas.hidden = true;
  list.after(canvas);
  try {
    const started = new Grid(root, canvas, new Map(links.map((link) => [link.dataset.photo, link])));
    await fetchFirst(started, links[0]?.dataset.photo);
    grid = started;
  } catch (error) {
    // the list of the server stays
    canvas.remove();
    complain(error);
    return;
  } finally {
    delete document.documentElement.dataset.returning;
  }
  takeOver(root, list, canvas);
}

// What will be in sight, before anything on the page changes.
async function fetchFirst(started, firstId) {
  started.setMonths(await started.source.months());
  const place = rememberedPlace();
  const isLater = new URLSearchParams(location.search).has("cursor");
  const at = !place && isLater && firstId ? await findPhoto(started, firstId) : null;
  if (place) await openPart(started, place);
  started.first = at ? () => started.stretches.topOf(at.stretch) + at.stretch.layout.top[at.index] - started.inset : null;
  if (place) started.first = () => started.heightOf(place);
  const y = started.first?.() ?? scrollY;
  await started.load(y, y + innerHeight);
}

// A place names a part of a month; a large month has to come apart first.
async function openPart({ stretches, source }, { month, part }) {
  for (;;) {
    const parts = stretches.monthOf(month);
    const stretch = parts[Math.min(part, parts.length - 1)];
    if (!stretch) return;
    const needsChunks = stretch.needsChunks;
    await source.load(stretch);
    if (!needsChunks) return;
  }
}

function takeOver(root, list, canvas) {
  keyboard = new Keyboard(grid);
  const top = scrollY;
  canvas.hidden = false;
  list.hidden = true;
  root.dataset.grid = "";
  root.querySelector(".pager")?.remove();
  for (const pager of root.parentElement.querySelectorAll(":scope > .pager")) pager.remove();
  grid.scroll.measure();
  grid.scroll.resize(grid.stretches.height);
  grid.listen();
  grid.show(grid.first?.() ?? top - grid.scroll.start);
  list.remove();
  followChanges(grid, (at) => keyboard.focus(at));
  followStates(root);
  keepPlaces(grid);
  listenForSelecting(canvas, (one, other) => idsBetween(grid, one, other));
  canvas.addEventListener("click", onClick);
  // a photo was open over the grid, perhaps another one than was opened
  document.addEventListener("photo-close", (event) => {
    event.preventDefault();
    reveal(event.detail.id).catch(complain);
  });
  showScrubber(root);
  showSeen();
}

function onClick(event) {
  const check = event.target.closest(".day-check");
  if (check) {
    chooseDay(check.closest("section")).catch(complain);
    return;
  }
  const link = event.target.closest(".tile");
  const isPlain = link && !event.defaultPrevented && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!isPlain) return;
  const id = link.dataset.photo;
  const opening = new CustomEvent("photo-open", { bubbles: true, cancelable: true, detail: { id, neighbours } });
  if (!link.dispatchEvent(opening)) event.preventDefault();
}

async function chooseDay(section) {
  const id = section.querySelector("[data-cell]")?.dataset.cell;
  const ids = id ? await idsOfDay(grid, id) : [];
  if (ids.every((one) => selection.has(one))) selection.remove(...ids);
  else addAll(ids);
}

function showScrubber(root) {
  const scrubber = new Scrubber(root.querySelector(".scrubber"), (month, within) => {
    grid.showMonth(month, within);
    if (within === 1 && month === grid.months.at(-1)) showOldest().catch(complain);
  });
  const follow = () => {
    const place = grid.place();
    if (!place) return;
    const { within, day } = grid.inMonth(place);
    scrubber.follow(place.month, within, day);
  };
  const renew = () => {
    scrubber.setMonths(grid.counts);
    follow();
  };
  grid.addEventListener("months", renew);
  grid.addEventListener("resize", renew);
  grid.addEventListener("draw", follow);
  addEventListener("scroll", () => scrubber.show(), { passive: true });
  listenForJumps(document.getElementById("jump-dialog"), () => grid.months, ({ month, day }) => goTo(month, day).catch(complain));
  renew();
}

async function goTo(month, day) {
  grid.showMonth(month, 0);
  const at = await findDay(grid, day || `${month}-31`);
  if (at) grid.show(grid.stretches.topOf(at.stretch) + dayTop(at) - grid.inset);
  if (at) keyboard.focus(at);
}

function dayTop({ stretch, index }) {
  return stretch.layout.days.find(({ first, count }) => index >= first && index < first + count).top;
}

async function showOldest() {
  const at = await end(grid, -1);
  if (at) grid.show(Infinity);
}

// The photo that was open when the reader came back has the focus, and is in sight.
function showSeen() {
  const id = takeSeen();
  if (id) reveal(id).catch(() => {});
}
