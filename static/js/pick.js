// The buttons of the drop area: choose photos, choose a folder. What is put into the plain form's own field,
// as assistive software and other scripts do, goes the same way.

import { upload } from "./drop.js";
import { complain } from "./toasts.js";
import { chooseFiles } from "./upload/choose.js";

export function start(form) {
  for (const button of form.querySelectorAll("[data-pick]")) {
    button.addEventListener("click", () => {
      chooseFiles({ isFolder: button.dataset.pick === "folder" }).then(upload).catch(complain);
    });
  }
  const field = form.querySelector("input[type=file]");
  field.addEventListener("change", () => {
    const files = [...field.files];
    field.value = "";
    upload(files).catch(complain);
  });
}
