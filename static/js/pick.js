// The buttons of the drop area: choose photos, choose a folder.

import { upload } from "./drop.js";
import { complain } from "./toasts.js";

const KINDS = "image/*,.heic,.heif,.avif,.tif,.tiff";

export function start(form) {
  for (const button of form.querySelectorAll("[data-pick]")) {
    button.addEventListener("click", () => pick(button.dataset.pick === "folder"));
  }
}

export function pick(isFolder = false) {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.webkitdirectory = isFolder;
  if (!isFolder) input.accept = KINDS;
  input.addEventListener("change", () => upload([...input.files]).catch(complain));
  input.click();
}
