// The heart answers at once and takes it back if the server does not agree.

import { submit } from "./api.js";
import { announce, complain } from "./toasts.js";

export function start(form) {
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = submit(form, button);
    flip(button);
    try {
      await sent;
      announce(button.getAttribute("aria-pressed") === "true" ? "A favourite" : "No favourite any more");
    } catch (error) {
      flip(button);
      complain(error);
    }
  });
}

function flip(button) {
  const isOn = button.getAttribute("aria-pressed") === "true";
  button.setAttribute("aria-pressed", String(!isOn));
  button.value = isOn ? "yes" : "no";
}
