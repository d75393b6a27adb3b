// Keep / not this: the list of labels is drawn again, and a rejection can be taken back for a while.

import { refill } from "./refill.js";
import { complain, toast } from "./toasts.js";

export function start(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = form.elements.name.value;
    const verdict = event.submitter.value;
    try {
      await refill(form, event.submitter, "labels");
    } catch (error) {
      return complain(error);
    }
    if (verdict === "reject") toast(`Not ${name}. Searches for it leave this photo out.`, { undo: () => takeBack(name) });
  });
}

function takeBack(name) {
  const forms = [...document.querySelectorAll('form[data-module="verdict"]')];
  const form = forms.find((each) => each.elements.name.value === name);
  form?.requestSubmit(form.querySelector('button[value="undo"]'));
}
