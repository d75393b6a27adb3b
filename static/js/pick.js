// The buttons of the drop area: choose photos, choose a folder. What is put into the plain form's own field,
// as assistive software and other scripts do, goes the same way.

import { upload } from "./drop.js";
import { complain } from "./toasts.js";

const KINDS = "image/*,.heic,.heif,.avif,.tif,.tiff";

export function start(form) {
  for (const button of form.querySelectorAll("[data-pick]")) {
    button.addEventListener("click", () => pick(button.dataset.pick === "folder"));
  }
  const field = form.querySelector("input[type=file]");
  field.addEventListener("change", () => send(field));
}

function send(input) {
  const files = [...input.files];
  input.value = "";
  upload(files).catch(complain);
}

export function pick(isFolder = false) {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.webkitdirectory = isFolder;
  if (!isFolder) input.accept = KINDS;
  input.addEventListener("change", () => send(input));
  input.click();
}
