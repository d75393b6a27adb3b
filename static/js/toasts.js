// Short messages with Undo. They leave after 8 seconds, but not while somebody looks at or stands in them.

const STAY_MS = 8000;

export function start() {
  for (const element of place().children) leaveLater(element);
}

// Shows words; `undo` is a function that takes the act back, `link` ({ href, words }) leads to more.
export function toast(words, { undo, link, role = "status" } = {}) {
  const element = document.createElement("div");
  element.className = "toast";
  element.setAttribute("role", role);
  const text = document.createElement("p");
  text.textContent = words;
  element.append(text);
  if (link) element.append(linkTo(link));
  if (undo) element.append(undoButton(element, undo));
  place().replaceChildren(element);
  leaveLater(element);
}

// For screen readers alone.
export function announce(words) {
  document.getElementById("live").textContent = words;
}

export function complain(error) {
  if (error.name !== "AbortError") toast(error.message, { role: "alert" });
}

function undoButton(element, undo) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-small";
  button.textContent = "Undo";
  button.addEventListener("click", () => {
    element.remove();
    undo();
  });
  return button;
}

function linkTo({ href, words }) {
  const element = document.createElement("a");
  element.className = "button button-small";
  element.href = href;
  element.textContent = words;
  return element;
}

function leaveLater(element) {
  let left = setTimeout(() => element.remove(), STAY_MS);
  const stay = () => clearTimeout(left);
  const go = () => {
    clearTimeout(left);
    left = setTimeout(() => element.remove(), STAY_MS);
  };
  element.addEventListener("pointerenter", stay);
  element.addEventListener("pointerleave", go);
  element.addEventListener("focusin", stay);
  element.addEventListener("focusout", go);
}

function place() {
  return document.getElementById("toasts");
}
