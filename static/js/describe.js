// The description saves itself when the reader leaves the field; the button stays for what is not saved yet.

import { submit } from "./api.js";
import { complain, toast } from "./toasts.js";

export function start(form) {
  const field = form.querySelector("textarea");
  let saved = field.value;
  const mark = () => form.toggleAttribute("data-changed", field.value !== saved);
  const save = async (text) => {
    const before = saved;
    saved = text;
    mark();
    try {
      await submit(form);
      toast("The description is saved.", { undo: () => putBack(before) });
    } catch (error) {
      saved = before;
      mark();
      complain(error);
    }
  };
  const putBack = (text) => {
    field.value = text;
    save(text);
  };
  field.addEventListener("input", mark);
  field.addEventListener("change", () => field.value !== saved && save(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      field.value = saved;
      mark();
      field.blur();
      event.preventDefault();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      field.blur();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value !== saved) save(field.value);
  });
}
