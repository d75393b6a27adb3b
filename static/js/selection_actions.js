// What can be done with the selected photos: buttons of the bar, keys, and dialogs that ask for values.

import { page } from "./api.js";
import { changePhotos } from "./changes.js";
import { isForPage } from "./keys.js";
import { selection } from "./selection.js";
import { correctionsOf, ratingOf, suggestTags, tagsOf } from "./selection_dialogs.js";
import { complain } from "./toasts.js";

const KEYS = { f: "favourite", a: "archive", Delete: "trash", t: "tags", e: "edit" };
const DIALOGS = { rate: ratingOf, tags: tagsOf, edit: correctionsOf, purge: () => [{ action: "purge" }] };

export function start(form) {
  const has = (action) => form.querySelector(`[data-action="${action}"]`);
  form.addEventListener("click", (event) => {
    const action = event.target.closest("[data-action]")?.dataset.action;
    if (action) act(form, action);
  });
  form.addEventListener("submit", (event) => event.submitter || event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const action = KEYS[event.key];
    if (!action || !selection.size || event.shiftKey || !isForPage(event) || !has(action)) return;
    event.preventDefault();
    act(form, action);
  });
  document.addEventListener("keydown", (event) => {
    if (!/^[0-5]$/.test(event.key) || !selection.size || !isForPage(event) || !has("rate")) return;
    event.preventDefault();
    run([{ action: "rate", rating: Number(event.key) || null }]);
  });
  for (const [name, read] of Object.entries(DIALOGS)) listenToDialog(name, read);
  document.addEventListener("photos-changed", () => refill().catch(complain));
}

function act(form, action) {
  if (action === "download") return download(form);
  if (action in DIALOGS) return document.getElementById(`selection-${action}`).showModal();
  return run([{ action }]);
}

// The selection ends with the change: what was asked for is under way, and its message has the way back.
function run(wanted) {
  const ids = [...selection.ids];
  selection.clear();
  return changePhotos(ids, wanted);
}

function listenToDialog(name, read) {
  const dialog = document.getElementById(`selection-${name}`);
  const form = dialog?.querySelector("form[data-values]");
  if (!form) return;
  if (name === "tags") suggestTags(form);
  dialog.addEventListener("close", () => {
    const wanted = dialog.returnValue && dialog.returnValue !== "cancel" ? read(form, dialog.returnValue) : [];
    dialog.returnValue = "";
    form.reset();
    if (wanted.length) run(wanted);
  });
}

// The browser saves what the server streams; the page stays.
function download(form) {
  form.elements.ids.value = [...selection.ids].join(",");
  form.submit();
  form.elements.ids.value = "";
  selection.clear();
}

// A plain list is drawn by the server; the timeline brings itself up to date.
async function refill() {
  const list = document.querySelector("ul.results");
  if (!list) return;
  const fresh = (await page(location.href)).querySelector("ul.results");
  if (fresh) list.replaceChildren(...fresh.children);
  else location.reload();
}
