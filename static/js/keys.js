// Keys that work on every page, and buttons that open a dialog.

export function start() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
  });
}

// Whether a key belongs to the page: nobody is typing, no dialog is open, no other key is held.
export function isForPage(event) {
  return !event.ctrlKey && !event.metaKey && isFree(event);
}

// Whether it is Ctrl+A, or its twin on a Mac, and means photos and not words.
export function isSelectAll(event) {
  return event.key === "a" && (event.ctrlKey || event.metaKey) && !event.shiftKey && isFree(event);
}

// Whether it belongs to the photo that lies in `place`: in the layer over a list, or on a page of its own.
export function isForViewer(event, place) {
  const isOnTop = place.classList.contains("viewer") || !document.getElementById("viewer");
  return isOnTop && !event.ctrlKey && !event.metaKey && isNobodys(event);
}

// What lies under the viewer's layer hears no keys.
function isFree(event) {
  return isNobodys(event) && !document.getElementById("viewer");
}

function isNobodys(event) {
  if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return false;
  return !event.target.closest?.("input, textarea, select, [contenteditable]");
}

function onKey(event) {
  if (event.key === "Escape") return leaveSearch(event);
  const viewer = document.getElementById("viewer");
  if (event.key === "?" && (viewer ? isForViewer(event, viewer) : isForPage(event))) {
    event.preventDefault();
    document.getElementById("keys-dialog").showModal();
  }
  if (!isForPage(event)) return;
  const box = document.getElementById("search-box");
  if (event.key === "/" && box) {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "u") {
    document.querySelector("[data-upload]")?.click();
  }
}

function leaveSearch(event) {
  if (event.target.id !== "search-box") return;
  event.target.blur();
  event.preventDefault();
}
