// Everything known of the photo, beside it or, on a phone, as a sheet from below. The choice holds for all photos
// until the window is closed.

const KEY = "info";
const PULL_PX = 60;

export function start(panel) {
  const handle = panel.querySelector(".sheet-handle");
  let from = null;
  handle.addEventListener("click", () => setInfo(false));
  handle.addEventListener("pointerdown", (event) => {
    from = event.clientY;
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", (event) => {
    if (from !== null) panel.style.translate = `0 ${Math.max(0, event.clientY - from)}px`;
  });
  for (const end of ["pointerup", "pointercancel"]) {
    handle.addEventListener(end, (event) => {
      if (from !== null && event.clientY - from > PULL_PX) setInfo(false);
      from = null;
      panel.style.translate = "";
    });
  }
  reflect();
}

export function isInfoShown() {
  return sessionStorage.getItem(KEY) ? sessionStorage.getItem(KEY) === "on" : !matchMedia("(width < 900px)").matches;
}

export function setInfo(isShown) {
  sessionStorage.setItem(KEY, isShown ? "on" : "off");
  reflect();
}

function reflect() {
  const isShown = isInfoShown();
  document.documentElement.dataset.info = isShown ? "on" : "off";
  for (const button of document.querySelectorAll('[data-act="info"]')) {
    button.setAttribute("aria-expanded", String(isShown));
  }
}
