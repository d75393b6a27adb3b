// The results follow the slider while it moves, and what they have in common once it rests; a chip leads to its place
// in the search box.

import { page, send } from "../api.js";
import { boot } from "../boot.js";
import { paint } from "../placeholders.js";
import { addAll } from "../selecting.js";
import { announce, complain, toast } from "../toasts.js";
import { listenToSheet } from "./sheet.js";

const STEP = ["count", "chips", "orders"];
const AROUND = ["narrowed", "facets"];
// A first step is asked for at once; of many in a row those are left out that somebody only passes.
const ASK_AFTER_MS = 40;
const RESTED_AFTER_MS = 300;
const SETTLED_AFTER_MS = 900;

export function start(root) {
  root.addEventListener("click", (event) => {
    const chip = event.target.closest(".chip-text");
    if (chip) showInBox(event, chip);
    if (event.target.closest("[data-select-all]")) selectAll().catch(complain);
  });
  let asking = null;
  // The last question counts: the answer to the one before is given up, and that promise fails.
  const ask = (address) => {
    asking?.abort();
    asking = new AbortController();
    return page(address, { signal: asking.signal });
  };
  const form = root.querySelector("#sureness");
  if (form) listenToSlider(root, form, ask);
  const facets = root.querySelector("#refine");
  if (facets) listenToSheet(facets, root.querySelector("#facet-sheet"), async (href) => showPage(root, await ask(href)));
}

function listenToSlider(root, form, ask) {
  const slider = form.elements.confidence;
  let asking = 0;
  let resting = 0;
  let settling = 0;
  let movedAt = -Infinity;
  const addressOf = (part) => `${form.dataset[part]}?${new URLSearchParams(new FormData(form))}`;

  const step = async () => {
    const next = await ask(addressOf("found"));
    const { query, readable } = next.body.firstElementChild.dataset;
    showStep(root, next, query, readable);
    resting = setTimeout(() => around().catch(complain), RESTED_AFTER_MS);
  };
  const around = async () => {
    const next = await ask(addressOf("facets"));
    for (const id of AROUND) swap(document.getElementById(id), next.getElementById(id));
  };
  slider.addEventListener("input", () => {
    form.querySelector("output").value = Number(slider.value) ? `${slider.value} % sure` : "any";
    slider.setAttribute("aria-valuetext", `${slider.value} percent sure`);
    root.toggleAttribute("data-tuning", true);
    for (const timer of [asking, resting, settling]) clearTimeout(timer);
    const isMoving = performance.now() - movedAt < 2 * ASK_AFTER_MS;
    movedAt = performance.now();
    asking = setTimeout(() => step().catch(complain), isMoving ? ASK_AFTER_MS : 0);
    settling = setTimeout(() => root.removeAttribute("data-tuning"), SETTLED_AFTER_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    step().catch(complain);
  });
}

// What depends on the query, taken from a whole page.
function showPage(root, next) {
  for (const id of AROUND) swap(document.getElementById(id), next.getElementById(id));
  root.querySelector("#sureness").elements.q.value = next.getElementById("sureness").elements.q.value;
  showStep(root, next, next.getElementById("search-box").value, next.querySelector("h1 q").textContent);
}

// The address and the text in the search box follow, so that reload, back and a copied link show the same.
function showStep(root, next, query, readable) {
  for (const id of STEP) swap(root.querySelector(`#${id}`), next.getElementById(id));
  const list = root.querySelector("ul.results");
  if (list) refill(list, next.getElementById("found"));
  else swap(root.querySelector("#found"), next.getElementById("found"));
  const box = document.getElementById("search-box");
  box.value = box.defaultValue = query;
  root.querySelector("h1 q").textContent = readable;
  document.title = `${readable} · Bigimage`;
  const address = new URL(location.href);
  address.searchParams.set("q", query);
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

// The list itself stays, and with it all that listens to it; so do pictures that are shown again. What stands below
// it comes and goes.
function refill(list, found) {
  const items = [...(found.querySelector("ul.results")?.children ?? [])];
  for (const tile of items.map((item) => item.querySelector(".tile"))) {
    const known = document.getElementById(tile.id)?.querySelector("img");
    if (known) tile.querySelector("img")?.replaceWith(known);
  }
  list.replaceChildren(...items);
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
