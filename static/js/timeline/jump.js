// "Go to a date": a field in a small dialog, opened by a button or the key g.

import { isForPage } from "../keys.js";
import { announce } from "../toasts.js";
import { monthWords, nearestMonth, readDate } from "./dates.js";

// `go({ month, day })` shows the month, and the day ("2019-06-15") in it if one was said. `months()` names all.
export function listenForJumps(dialog, months, go) {
  const form = dialog.querySelector("form[data-jump]");
  const field = form.querySelector("input");
  const note = form.querySelector("[data-note]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "g" || !isForPage(event) || !months().length) return;
    event.preventDefault();
    dialog.showModal();
    field.select();
  });
  form.addEventListener("input", () => {
    const found = field.value.trim() ? find(field.value, months()) : null;
    note.textContent = found ? `Goes to ${monthWords(found.month)}.` : "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const found = find(field.value, months());
    if (!found) {
      note.textContent = "Write a year, a month or a day: 2016, June 2019, 2016-07-15.";
      field.setAttribute("aria-invalid", "true");
      return;
    }
    field.removeAttribute("aria-invalid");
    dialog.close();
    go(found);
    announce(monthWords(found.month));
  });
}

function find(text, months) {
  const date = readDate(text);
  const month = date && nearestMonth(months, date);
  if (!month) return null;
  const isExact = date.day && month === `${String(date.year).padStart(4, "0")}-${String(date.month).padStart(2, "0")}`;
  return { month, day: isExact ? `${month}-${String(date.day).padStart(2, "0")}` : "" };
}
