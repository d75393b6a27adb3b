// The results follow the slider while it moves; a chip leads to its place in the search box.

import { page, send } from "../api.js";
import { boot } from "../boot.js";
import { paint } from "../placeholders.js";
import { addAll } from "../selecting.js";
import { announce, complain, toast } from "../toasts.js";
import { listenToSheet } from "./sheet.js";

const PARTS = ["count", "chips", "orders", "narrowed", "facets"];
const ASK_AFTER_MS = 40;
const SETTLED_AFTER_MS = 900;

export function start(root) {
  root.addEventListener("click", (event) => {
    const chip = event.target.closest(".chip-text");
    if (chip) showInBox(event, chip);
    if (event.target.closest("[data-select-all]")) selectAll().catch(complain);
  });
  let asking = null;
  const ask = async (address) => {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    const next = await page(address, { signal });
    if (!signal.aborted) show(root, next);
  };
  const form = root.querySelector("#sureness");
  if (form) listenToSlider(root, form, () => ask(addressOf(form)).catch(complain));
  const facets = root.querySelector("#refine");
  if (facets) listenToSheet(facets, root.querySelector("#facet-sheet"), ask);
}

function listenToSlider(root, form, ask) {
  const slider = form.elements.confidence;
  let timer = 0;
  let settling = 0;

  slider.addEventListener("input", () => {
    form.querySelector("output").value = Number(slider.value) ? `${slider.value} % sure` : "any";
    slider.setAttribute("aria-valuetext", `${slider.value} percent sure`);
    root.toggleAttribute("data-tuning", true);
    clearTimeout(timer);
    clearTimeout(settling);
    timer = setTimeout(ask, ASK_AFTER_MS);
    settling = setTimeout(() => root.removeAttribute("data-tuning"), SETTLED_AFTER_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
}

function addressOf(form) {
  return `${form.action}?${new URLSearchParams(new FormData(form))}`;
}

// Takes the parts of the page that depend on the query from the one that was asked for. The address and the
// text in the search box follow, so that reload, back and a copied link show the same.
function show(root, next) {
  for (const id of PARTS) swap(root.querySelector(`#${id}`), next.getElementById(id));
  const list = root.querySelector("ul.results");
  if (list) refill(list, next.getElementById("found"));
  else swap(root.querySelector("#found"), next.getElementById("found"));
  const box = document.getElementById("search-box");
  box.value = box.defaultValue = next.getElementById("search-box").value;
  root.querySelector("h1 q").textContent = box.value;
  const { elements } = root.querySelector("#sureness");
  elements.q.value = next.getElementById("sureness").elements.q.value;
  document.title = next.title;
  const address = new URL(location.href);
  address.searchParams.set("q", box.value);
  address.searchParams.delete("cursor");
  history.replaceState(history.state, "", address);
  paint(root);
  boot(root);
  announce(root.querySelector("#count").textContent);
}

// All hits, also those of pages that are not here.
async function selectAll() {
  const query = new URLSearchParams({ q: document.getElementById("search-box").defaultValue });
  const { ids, is_whole: isWhole } = await send("GET", `/api/v1/search/ids?${query}`);
  addAll(ids);
  if (!isWhole) toast(`The newest ${ids.length.toLocaleString("en")} results are selected.`);
}

// The list itself stays, and with it all that listens to it; what stands below it comes and goes.
function refill(list, found) {
  list.replaceChildren(...(found.querySelector("ul.results")?.children ?? []));
  for (const part of [".pager", ".empty"]) {
    list.parentElement.querySelector(part)?.remove();
    const fresh = found.querySelector(part);
    if (fresh) list.after(fresh);
  }
}

// A part that is not there any more leaves an empty place, for the time when it comes back.
function swap(old, fresh) {
  if (old && fresh) old.replaceWith(fresh);
  else old?.replaceChildren();
}

function showInBox(event, chip) {
  event.preventDefault();
  const box = document.getElementById("search-box");
  box.focus();
  // positions count characters, selections count UTF-16 units
  const characters = [...box.value];
  const unitsBefore = (at) => characters.slice(0, at).join("").length;
  box.setSelectionRange(unitsBefore(Number(chip.dataset.start)), unitsBefore(Number(chip.dataset.end)));
}
