// Stars, without a new page.

import { submit } from "./api.js";
import { announce, complain } from "./toasts.js";

export function start(form) {
  const stars = [...form.querySelectorAll(".star")];
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const rating = Number(event.submitter.value);
    try {
      await submit(form, event.submitter);
    } catch (error) {
      return complain(error);
    }
    stars.forEach((star, index) => {
      star.classList.toggle("star-on", index < rating);
      star.setAttribute("aria-pressed", String(index + 1 === rating));
      star.value = index + 1 === rating ? 0 : index + 1;
    });
    announce(rating ? `${rating} of 5 stars` : "No stars");
  });
}
