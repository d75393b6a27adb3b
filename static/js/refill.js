// Sends a form in the background and puts the part of the following page it stands in, in its place.
// Focus stays where it was: on the first control of the same row. What was unfolded stays so.

import { submit } from "./api.js";
import { boot } from "./boot.js";

export async function refill(form, submitter, part) {
  const at = rowsOf(document.getElementById(part)).indexOf(submitter?.closest("li"));
  const next = await submit(form, submitter);
  const old = document.getElementById(part);
  const fresh = document.adoptNode(next.getElementById(part));
  for (const unfolded of old.querySelectorAll("details[id][open]")) {
    const twin = fresh.querySelector(`#${unfolded.id}`);
    if (twin) twin.open = true;
  }
  old.replaceWith(fresh);
  boot(fresh);
  (rowsOf(fresh)[at]?.querySelector("button") ?? fresh.querySelector("button"))?.focus();
}

function rowsOf(root) {
  return [...root.querySelectorAll("li")];
}
