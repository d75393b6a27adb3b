// The text read in the picture lies over it as real, invisible text: it can be marked and copied where it is.
// For screen readers it stands in the panel.

const LETTER = 0.86; // of a line's height

export function start(print) {
  const lines = [...print.closest(".photo").querySelectorAll(".line[data-boxes]")];
  if (!lines.length) return;
  const layer = document.createElement("div");
  layer.className = "written-layer";
  layer.setAttribute("aria-hidden", "true");
  print.append(layer);
  for (const line of lines) layer.append(place(line));
  // widths are known once the letters are
  document.fonts.ready.then(() => layer.isConnected && layer.childNodes.forEach(stretch));
}

function place(line) {
  const [left, top, width, height] = line.dataset.boxes.split(",").map((edge) => 100 * Number(edge));
  const box = document.createElement("span");
  box.className = "written";
  box.dir = "auto";
  Object.assign(box.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
  const words = document.createElement("span");
  words.textContent = line.textContent;
  words.style.fontSize = `${height * LETTER}cqh`;
  words.style.lineHeight = `${height}cqh`;
  box.append(words, " ");
  return box;
}

function stretch(box) {
  const words = box.firstChild;
  if (words.offsetWidth) words.style.transform = `scaleX(${box.offsetWidth / words.offsetWidth})`;
}
