// Gestures that select photos of a list: the circle on a tile, Shift for a range, Space, a long press.
// While something is selected a plain click selects as well, in place of opening.
//
// A list gives its cells with `makeSelectable(cell, tile)`; `between(a, b)` answers, perhaps later, with the ids
// from one photo to another, both included, in the list's order.

import { isForPage } from "./keys.js";
import { MOST, selection } from "./selection.js";
import { complain, toast } from "./toasts.js";

const LONG_PRESS_MS = 450;
const TREMBLE_PX = 10;

export function listenForSelecting(root, between) {
  let last = null;

  const choose = async (id, isRange) => {
    if (!isRange || !last || last === id) selection.toggle(id);
    else addAll(await between(last, id));
    last = id;
  };
  root.addEventListener(
    "click",
    (event) => {
      const id = photoAt(event.target);
      const isCheck = Boolean(event.target.closest(".tile-check"));
      const isOpening = !isCheck && !selection.size && !event.shiftKey;
      if (!id || isOpening || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      choose(id, event.shiftKey).catch(complain);
    },
    { capture: true },
  );
  root.addEventListener("keydown", (event) => {
    const id = event.key === " " && isForPage(event) && photoAt(event.target);
    if (!id || event.target.closest(".tile-check")) return;
    event.preventDefault();
    choose(id, event.shiftKey).catch(complain);
  });
  // Shift with the mouse would mark text as well
  root.addEventListener("mousedown", (event) => event.shiftKey && photoAt(event.target) && event.preventDefault());
  listenForLongPress(root, (id) => choose(id, false));
  selection.addEventListener("change", () => {
    // thousands may have changed, of which a screenful is here
    for (const cell of root.querySelectorAll("[data-cell]")) show(cell);
    if (!selection.size) last = null;
  });
}

// All of these, or as many as one change can take, and then the reader is told.
export function addAll(ids) {
  if (!selection.add(...ids)) toast(`At most ${MOST.toLocaleString("en")} photos can be selected at once.`);
}

// Gives a cell its circle. `tile` is the link in it; its picture's words name the circle.
export function makeSelectable(cell, tile, name) {
  const check = document.createElement("button");
  check.type = "button";
  check.className = "tile-check";
  check.tabIndex = -1; // by keyboard it is Space on the tile
  check.setAttribute("role", "checkbox");
  check.setAttribute("aria-label", `Select ${name}`);
  cell.dataset.cell = tile.dataset.photo;
  cell.append(check);
  show(cell);
}

function show(cell) {
  const isSelected = selection.has(cell.dataset.cell);
  cell.classList.toggle("is-selected", isSelected);
  cell.querySelector(".tile-check").setAttribute("aria-checked", String(isSelected));
}

function photoAt(target) {
  return target.closest?.("[data-cell]")?.dataset.cell ?? null;
}

// A finger that rests on a photo selects it; the click that follows, and the menu of the browser, are left out.
function listenForLongPress(root, choose) {
  let timer = 0;
  let from = null;
  const stop = () => clearTimeout(timer);
  root.addEventListener("pointerdown", (event) => {
    const id = event.pointerType === "touch" && photoAt(event.target);
    stop();
    if (!id) return;
    from = { x: event.clientX, y: event.clientY };
    timer = setTimeout(() => {
      navigator.vibrate?.(10);
      choose(id);
      const swallow = (click) => {
        click.preventDefault();
        click.stopImmediatePropagation();
      };
      addEventListener("click", swallow, { capture: true, once: true });
      addEventListener("pointerup", () => setTimeout(() => removeEventListener("click", swallow, { capture: true })), {
        once: true,
      });
    }, LONG_PRESS_MS);
  });
  root.addEventListener("pointermove", (event) => {
    if (from && Math.hypot(event.clientX - from.x, event.clientY - from.y) > TREMBLE_PX) stop();
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) root.addEventListener(end, stop);
  root.addEventListener("contextmenu", (event) => {
    if (event.pointerType === "touch" && photoAt(event.target)) event.preventDefault();
  });
}
