// Elements the queue is put together from, in the look of templates/components/.

const SVG = "http://www.w3.org/2000/svg";
const SPRITE = new URL("../../vendor/icons.svg", import.meta.url).pathname;

export function node(name, className = "", ...children) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...children);
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

// `of` names the thing it acts on, for screen readers; `isWordy` shows the words instead of the icon alone.
export function button(words, symbol, act, { isSmall = false, isWordy = false, of = "" } = {}) {
  const size = isSmall || isWordy ? " button-small" : "";
  const element = node("button", `button button-plain${size}${isWordy ? "" : " button-icon"}`, icon(symbol));
  element.type = "button";
  if (isWordy) {
    element.append(words);
  } else {
    element.setAttribute("aria-label", of ? `${words}: ${of}` : words);
    element.title = words;
  }
  element.addEventListener("click", act);
  return element;
}
