// What is selected on this page. Lists add and remove, `selection_bar` shows, `selection_actions` acts on it.
//
//   import { selection } from "./selection.js";
//   selection.addEventListener("change", ({ detail: { added, removed } }) => ...);
//
// Whoever changes photos tells so, for the lists on the page to follow:
//
//   document.dispatchEvent(new CustomEvent("photos-changed", { detail: { ids: [...] } }));

export const MOST = 10000; // as many as one change of many photos takes

export class Selection extends EventTarget {
  #ids = new Set();

  // The ids of the selected photos. Read it; only the methods below change it.
  get ids() {
    return this.#ids;
  }

  get size() {
    return this.#ids.size;
  }

  has(id) {
    return this.#ids.has(id);
  }

  // These as well. Whether all of them found room: those beyond MOST are left out.
  add(...ids) {
    const fresh = [...new Set(ids)].filter((id) => !this.#ids.has(id));
    const added = fresh.slice(0, MOST - this.#ids.size);
    for (const id of added) this.#ids.add(id);
    this.#tell(added, []);
    return added.length === fresh.length;
  }

  remove(...ids) {
    this.#tell([], ids.filter((id) => this.#ids.delete(id)));
  }

  toggle(id) {
    if (this.#ids.has(id)) this.remove(id);
    else this.add(id);
  }

  clear() {
    const removed = [...this.#ids];
    this.#ids.clear();
    this.#tell([], removed);
  }

  #tell(added, removed) {
    if (added.length || removed.length) this.dispatchEvent(new CustomEvent("change", { detail: { added, removed } }));
  }
}

export const selection = new Selection();
