// Sends a form in the background and puts the part of the following page it stands in, in its place.
// Focus stays where it was: on the same control, or on the first one of its row.

import { submit } from "./api.js";
import { boot } from "./boot.js";

export async function refill(form, submitter, part) {
  const row = submitter?.closest("[id], li");
  const index = row ? [...row.parentElement.children].indexOf(row) : -1;
  const next = await submit(form, submitter);
  const old = document.getElementById(part);
  const fresh = document.adoptNode(next.getElementById(part));
  old.replaceWith(fresh);
  boot(fresh);
  const list = fresh.querySelector("ul, fieldset");
  (list?.children[index]?.querySelector("button") ?? fresh.querySelector("button"))?.focus();
}
