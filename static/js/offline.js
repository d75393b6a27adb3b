// A quiet line at the lower edge while the library cannot be reached: what still works, and when it is back.

import { announce } from "./toasts.js";

const WORDS = "The library cannot be reached. What you see stays; uploads wait and go on by themselves.";
const ASK_EVERY_MS = 5000;

export function start() {
  let line = null;
  let timer = 0;
  const hide = () => {
    if (!line) return;
    line.remove();
    line = null;
    clearInterval(timer);
    announce("The library is back.");
  };
  const show = () => {
    if (line) return;
    line = document.createElement("p");
    line.className = "quiet-line";
    line.textContent = WORDS;
    document.body.prepend(line);
    announce(WORDS);
    timer = setInterval(() => fetch("/health", { cache: "no-store" }).then((answer) => answer.ok && hide(), () => {}), ASK_EVERY_MS);
  };
  addEventListener("offline", show);
  document.addEventListener("unreachable", show);
  document.addEventListener("reached", hide);
  if (!navigator.onLine) show();
}
