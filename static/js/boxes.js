// Where a label or a line of text is: hovering or focusing its row draws its boxes over the picture and
// dims the rest. The drawing has the picture's own shape, so fractions are coordinates.

const SVG = "http://www.w3.org/2000/svg";

export function start(print) {
  const panel = print.closest(".photo").querySelector(".panel");
  const rowOf = (event) => event.target.closest?.("[data-boxes]");
  const show = (event) => {
    const row = rowOf(event);
    if (row) draw(print, row.dataset.boxes);
  };
  const hide = (event) => {
    const row = rowOf(event);
    if (row && !row.contains(event.relatedTarget)) clear(print);
  };
  panel.addEventListener("pointerover", show);
  panel.addEventListener("focusin", show);
  panel.addEventListener("pointerout", hide);
  panel.addEventListener("focusout", hide);
}

function draw(print, text) {
  clear(print);
  const boxes = text.split(";").map((box) => box.split(",").map(Number));
  const svg = element("svg", { class: "boxes", viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  const holes = boxes.map(([x, y, width, height]) => `M${x} ${y}h${width}v${height}h${-width}z`).join("");
  svg.append(element("path", { class: "boxes-dim", "fill-rule": "evenodd", d: `M0 0h1v1h-1z${holes}` }));
  for (const [x, y, width, height] of boxes) {
    svg.append(element("rect", { class: "boxes-edge", x, y, width, height }));
  }
  print.append(svg);
}

function clear(print) {
  print.querySelector(".boxes")?.remove();
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
