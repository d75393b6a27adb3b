// The way back from the page of a photo, when it is a page of its own.

import { noteWayBack } from "../seen.js";

const LISTS = ["/", "/search", "/trash", "/archive", "/uploads"];

// A page that was loaded again where the layer had been: the list is its older entry, and the browser would only say so.
export function followBack() {
  addEventListener("popstate", () => {
    if (location.pathname.startsWith("/photos/")) return;
    noteWayBack();
    location.reload();
  });
}

// `entries` is how long the history was when a photo was opened from a list of ours: what came on top of
// that since then lies between here and the list.
export function remember(photoId) {
  sessionStorage.setItem("seen", photoId);
  const from = document.referrer ? new URL(document.referrer) : null;
  if (from?.origin === location.origin && LISTS.includes(from.pathname)) {
    if (performance.getEntriesByType("navigation")[0]?.type === "navigate") sessionStorage.setItem("entries", history.length);
  } else if (from?.origin !== location.origin || !from.pathname.startsWith("/photos/")) {
    sessionStorage.removeItem("entries");
  }
}

export function leavePage() {
  const entries = Number(sessionStorage.getItem("entries"));
  noteWayBack();
  // the viewer's layer, loaded again, stands one step above its list
  if (history.state?.viewer) history.back();
  else if (entries) history.go(entries - 1 - history.length);
  else location.assign(document.getElementById("back").href);
}
