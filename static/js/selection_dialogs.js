// What people say in the dialogs of the selection, as changes to ask for: [{ action, ...values }].

import { send } from "./api.js";

const WAIT_MS = 150;

// `pressed` is the value of the button that closed the dialog.
export function ratingOf(_form, pressed) {
  if (pressed === "unfavourite") return [{ action: "unfavourite" }];
  return [{ action: "rate", rating: Number(pressed) || null }];
}

export function tagsOf(form, pressed) {
  const tags = namesIn(form.elements.tags.value);
  return tags.length ? [{ action: pressed, tags }] : [];
}

export function correctionsOf(form) {
  const wanted = [];
  const taken = takenOf(form.elements);
  if (Object.keys(taken).length) wanted.push({ action: "set_taken", taken });
  const place = placeOf(form.elements);
  if (place) wanted.push({ action: "set_place", place });
  if (form.elements.describes.checked) {
    wanted.push({ action: "describe", description: form.elements.description.value });
  }
  if (form.elements.reprocess.checked) wanted.push({ action: "reprocess" });
  return wanted;
}

function takenOf({ when, local, shift_days, shift_hours, shift_minutes, direction, offset }) {
  if (when.value === "file") return { from_file: true };
  const taken = {};
  if (when.value === "local" && local.value) taken.local = local.value;
  if (when.value === "shift") {
    const minutes = (Number(shift_days.value) * 24 + Number(shift_hours.value)) * 60 + Number(shift_minutes.value);
    if (minutes) taken.shift_seconds = minutes * 60 * Number(direction.value);
  }
  if (offset.value === "unknown") taken.offset_minutes = null;
  else if (offset.value) taken.offset_minutes = Number(offset.value);
  return taken;
}

function placeOf({ where, position }) {
  if (where.value === "file") return { from_file: true };
  if (where.value === "none") return { position: null };
  const numbers = position.value.split(",").map(Number);
  if (where.value !== "position" || numbers.length !== 2 || numbers.some(Number.isNaN)) return null;
  return { position: { latitude: numbers[0], longitude: numbers[1] } };
}

// Offers tags that are there already for the last one that is being typed.
export function suggestTags(form) {
  const field = form.elements.tags;
  const list = form.querySelector("datalist");
  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => fill().catch(() => list.replaceChildren()), WAIT_MS);
  });

  async function fill() {
    const typed = field.value;
    const begun = typed.slice(typed.lastIndexOf(",") + 1).trim();
    const before = typed.slice(0, typed.lastIndexOf(",") + 1);
    const query = new URLSearchParams({ q: `tag:${begun}` });
    const found = begun ? (await send("GET", `/api/v1/search/suggestions?${query}`)).items : [];
    const options = found.filter((item) => item.kind === "tag");
    list.replaceChildren(...options.map((item) => new Option(item.shown, `${before} ${item.shown}`.trim())));
  }
}

function namesIn(text) {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
}
