// Suggestions under the search box while somebody types: an ARIA combobox. The box stays a plain search field;
// what is chosen replaces the word in which the cursor stands.

import { send } from "../api.js";
import { announce } from "../toasts.js";

const ASK_AFTER_MS = 60;
const KINDS = { label: "label", place: "place", tag: "tag", album: "album", camera: "camera", lens: "lens", year: "year", type: "kind of file", operator: "" };

export function start(box) {
  const list = document.getElementById(box.getAttribute("aria-controls"));
  new Combobox(box, list);
}

class Combobox {
  #box;
  #list;
  #found = null; // the last answer and the text it is for; its items belong to the options
  #at = -1; // of the option that is chosen with the arrows
  #timer = 0;
  #asking = null;

  constructor(box, list) {
    this.#box = box;
    this.#list = list;
    box.addEventListener("input", () => this.#askSoon());
    box.addEventListener("focus", () => box.value && this.#askSoon());
    box.addEventListener("click", () => this.#askSoon());
    box.addEventListener("keydown", (event) => this.#onKey(event));
    box.addEventListener("blur", () => this.#close());
    // a press on an option must not take the focus out of the box
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role='option']");
      if (option) this.#take([...list.children].indexOf(option));
    });
  }

  #askSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), ASK_AFTER_MS);
  }

  async #ask() {
    this.#asking?.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const { value, selectionEnd } = this.#box;
    const at = [...value.slice(0, selectionEnd)].length;
    const question = new URLSearchParams({ q: value, at });
    // without suggestions the box works as well: nothing is said of an answer that does not come
    const found = await send("GET", `/api/v1/search/suggestions?${question}`, undefined, { signal }).catch(() => null);
    if (found && !signal.aborted && document.activeElement === this.#box) this.#show({ ...found, asked: value });
  }

  #show(found) {
    this.#found = found;
    this.#at = -1;
    this.#list.replaceChildren(...found.items.map(optionOf));
    this.#box.removeAttribute("aria-activedescendant");
    this.#open(found.items.length > 0);
    if (found.items.length) announce(`${found.items.length} suggestions`);
  }

  #open(isOpen) {
    this.#list.hidden = !isOpen;
    this.#box.setAttribute("aria-expanded", String(isOpen));
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#at = -1;
    this.#box.removeAttribute("aria-activedescendant");
    this.#open(false);
  }

  #onKey(event) {
    const isOpen = !this.#list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (isOpen) this.#move(event.key === "ArrowDown" ? 1 : -1);
      else this.#ask();
    } else if (isOpen && event.key === "Escape") {
      // the first Escape closes the list, the next one leaves the box
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    } else if (isOpen && this.#at >= 0 && (event.key === "Enter" || event.key === "Tab")) {
      event.preventDefault();
      this.#take(this.#at);
    } else if (event.key === "Enter") {
      this.#close();
    }
  }

  #move(step) {
    const options = [...this.#list.children];
    // one place more than there are options: the box itself, with none chosen
    const places = options.length + 1;
    this.#at = ((this.#at + 1 + step + places) % places) - 1;
    for (const [number, option] of options.entries()) option.setAttribute("aria-selected", String(number === this.#at));
    const chosen = options[this.#at];
    if (!chosen) return this.#box.removeAttribute("aria-activedescendant");
    this.#box.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  }

  #take(number) {
    const { start: from, length, items, asked } = this.#found;
    const { insert } = items[number];
    const characters = [...this.#box.value];
    // what was typed since belongs to the word, too
    const end = Math.max(from, from + length + characters.length - [...asked].length);
    const before = characters.slice(0, from).join("") + insert;
    const after = characters.slice(end).join("");
    const isWhole = !/[:]$/.test(insert) && items[number].photos !== null;
    const gap = isWhole && !/^\s/.test(after) ? " " : "";
    this.#box.value = before + gap + after;
    this.#box.focus();
    this.#box.setSelectionRange(before.length + gap.length, before.length + gap.length);
    this.#close();
    if (isWhole && !after.trim()) this.#box.form.requestSubmit();
    else this.#askSoon();
  }
}

function optionOf(item, number) {
  const option = document.createElement("li");
  option.id = `suggestion-${number}`;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  const shown = document.createElement("span");
  shown.className = "suggestion-shown";
  shown.dir = "auto";
  shown.textContent = item.shown;
  option.append(shown, words("suggestion-kind", KINDS[item.kind] ?? ""));
  if (item.photos !== null) option.append(words("suggestion-count", item.photos.toLocaleString("en")));
  return option;
}

function words(name, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}
