// The buttons of the drop area: choose photos, choose a folder.

import { upload } from "./drop.js";
import { complain } from "./toasts.js";

export function start(form) {
  for (const button of form.querySelectorAll("[data-pick]")) {
    button.addEventListener("click", () => pick(button.dataset.pick === "folder"));
  }
}

function pick(isFolder) {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.webkitdirectory = isFolder;
  if (!isFolder) input.accept = document.getElementById("files").accept;
  input.addEventListener("change", () => upload([...input.files]).catch(complain));
  input.click();
}
