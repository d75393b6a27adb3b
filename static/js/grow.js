// The timeline grows while it is scrolled, and is as long as it was when the reader comes back to it.

import { page } from "./api.js";
import { boot } from "./boot.js";
import { paint } from "./placeholders.js";
import { start as showSeen } from "./seen.js";
import { announce, complain } from "./toasts.js";

const AHEAD = "1500px";

export function start(list) {
  const older = document.getElementById("older");
  if (!older) return showSeen(list);
  const loaded = history.state?.loaded ?? [];
  const ready = loaded.length ? restore(list, older, loaded) : Promise.resolve();
  ready.catch(complain).finally(() => {
    showSeen(list);
    watch(list, older);
  });
}

// Everything that had been added is fetched again, all at once, before the reader sees the place they left.
async function restore(list, older, addresses) {
  history.scrollRestoration = "manual";
  const { top = 0 } = history.state;
  const pages = await Promise.all(addresses.map((address) => page(address)));
  for (const one of pages) append(list, older, one);
  scrollTo({ top, behavior: "instant" });
}

function watch(list, older) {
  remember([]);
  let busy = false;
  const grow = async () => {
    if (busy || !older.isConnected) return;
    busy = true;
    const address = older.href;
    try {
      const added = append(list, older, await page(address));
      remember([address]);
      announce(`${added} older photos`);
      // an observer only tells of changes: the button may still be in sight
      sight.unobserve(older);
      if (older.isConnected) sight.observe(older);
    } catch (error) {
      // the button stays, for another try by scrolling or by hand
      complain(error);
    }
    busy = false;
  };
  const sight = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && grow(), {
    rootMargin: AHEAD,
  });
  sight.observe(older);
  older.addEventListener("click", (event) => {
    event.preventDefault();
    grow();
  });
  addEventListener("scrollend", () => remember([]));
  addEventListener("pagehide", () => remember([]));
}

function remember(more) {
  const loaded = [...(history.state?.loaded ?? []), ...more];
  history.replaceState({ ...history.state, loaded, top: scrollY }, "");
}

function append(list, older, next) {
  const days = [...next.querySelectorAll(".days > .day")].map((day) => document.adoptNode(day));
  const tiles = days.reduce((sum, day) => sum + day.querySelectorAll(".tile").length, 0);
  const open = list.lastElementChild;
  for (const day of days) {
    const known = list.querySelector(`[data-day="${day.dataset.day}"]`);
    if (known) join(known, day);
    else list.append(day);
  }
  const following = next.getElementById("older");
  if (following) older.href = following.href;
  else older.parentElement.remove();
  if (open !== list.lastElementChild || !following) showCount(open);
  paint(list);
  boot(list);
  return tiles;
}

// A day that lies across two pages is one day.
function join(known, day) {
  const grid = known.querySelector(".grid");
  for (const tile of day.querySelectorAll(".tile")) {
    if (!document.getElementById(tile.id)) grid.append(tile);
  }
}

function showCount(day) {
  const count = day.querySelector(".day-count");
  count.hidden = false;
  count.querySelector("span").textContent = day.querySelectorAll(".tile").length;
}
