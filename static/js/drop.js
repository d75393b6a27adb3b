// Files dropped anywhere, or chosen with the Upload button, open the queue. Its code is fetched only then,
// or when this tab still has something to send.

import { complain } from "./toasts.js";
import { chooseFiles } from "./upload/choose.js";
import { droppedFiles } from "./upload/folders.js";
import { hasQueue } from "./upload/owner.js";

export function start(body) {
  if (hasQueue()) upload([]);
  body.addEventListener("click", (event) => {
    const isOther = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (isOther || !event.target.closest("[data-upload]")) return;
    event.preventDefault();
    chooseFiles().then(upload).catch(complain);
  });
  // a page may want what is dropped for itself
  if (document.querySelector("[data-keeps-drops]")) return;
  let depth = 0;
  const veil = document.createElement("div");
  veil.className = "drop-veil";
  veil.textContent = "Drop to upload";
  const cover = (isOver) => {
    if (isOver) body.append(veil);
    else veil.remove();
  };
  addEventListener("dragenter", (event) => {
    if (hasFiles(event) && ++depth === 1) cover(true);
  });
  addEventListener("dragleave", (event) => {
    if (hasFiles(event) && --depth === 0) cover(false);
  });
  addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    cover(false);
    droppedFiles(event.dataTransfer).then(upload).catch(complain);
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) upload([...event.clipboardData.files]);
  });
}

export async function upload(files) {
  const { openQueue } = await import("./upload/queue.js");
  const queue = await openQueue();
  await queue.add(files);
}

function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
