// The bar is there while something is selected: how many, what can be done with them, and the way out.

import { isForPage } from "./keys.js";
import { selection } from "./selection.js";
import { announce } from "./toasts.js";

const TELL_AFTER_MS = 300;

export function start(bar) {
  const count = bar.querySelector("[data-count]");
  let telling = 0;
  const show = () => {
    const words = `${selection.size.toLocaleString("en")} selected`;
    const hadFocus = bar.contains(document.activeElement);
    bar.hidden = !selection.size;
    document.documentElement.toggleAttribute("data-selecting", selection.size > 0);
    count.textContent = words;
    if (bar.hidden && hadFocus) document.querySelector(".tile[tabindex='0'], .tile")?.focus({ preventScroll: true });
    // a range of ten days is one message, not ten
    clearTimeout(telling);
    telling = setTimeout(() => announce(selection.size ? words : "Nothing selected"), TELL_AFTER_MS);
  };
  selection.addEventListener("change", show);
  bar.querySelector("[data-clear]").addEventListener("click", () => selection.clear());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !selection.size || !isForPage(event)) return;
    event.preventDefault();
    selection.clear();
  });
}
