// On a phone, what narrows a search lies on a sheet from below. It keeps the focus, and the results behind it follow
// each choice, until it is closed.

import { complain } from "../toasts.js";

const PHONE = matchMedia("(width < 720px)");

// `ask(address)` shows the results of another query, and with them other facets.
export function listenToSheet(details, sheet, ask) {
  const place = sheet.querySelector("[data-place]");
  const facets = () => document.getElementById("facets");
  details.querySelector("summary").addEventListener("click", (event) => {
    if (!PHONE.matches) return;
    event.preventDefault();
    place.append(facets());
    sheet.showModal();
  });
  sheet.addEventListener("close", () => {
    details.append(facets());
    details.querySelector("summary").focus();
  });
  sheet.addEventListener("click", (event) => {
    const link = event.target.closest("[data-facet]");
    if (event.target === sheet) sheet.close();
    if (!link) return;
    event.preventDefault();
    choose(link).catch(complain);
  });

  async function choose(link) {
    const { facet } = link.dataset;
    // nothing is left to search for
    if (!new URL(link.href).searchParams.get("q")) return location.assign(link.href);
    place.setAttribute("aria-busy", "true");
    try {
      await ask(link.href);
    } finally {
      place.removeAttribute("aria-busy");
    }
    const count = document.getElementById("count").textContent;
    sheet.querySelector("[data-show]").textContent = `Show ${count}`;
    const same = [...place.querySelectorAll("[data-facet]")].find((one) => one.dataset.facet === facet);
    return (same ?? sheet.querySelector("[data-show]")).focus();
  }
}
