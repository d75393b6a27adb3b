// A photo that has just arrived stands above the days at once, shown from the file itself; `states` turns it ready
// in place, and then it goes to its day if that is in sight. On the next visit it stands where it belongs.

import { make } from "./tile.js";

const PREVIEWS = 24;

export class Arrivals {
  element = make("section", "arrivals");
  #list = make("div", "flow");
  #previews = 0;

  constructor() {
    const head = make("div", "day-head");
    const title = make("h2");
    title.textContent = "Just added";
    head.append(title);
    this.#list.dataset.arrivals = "";
    this.element.append(head, this.#list);
    this.element.hidden = true;
  }

  add({ photoId, name, file }) {
    if (document.getElementById(`photo-${photoId}`)) return;
    const link = makeLink(photoId, name);
    this.#list.prepend(link);
    this.element.hidden = false;
    // decoding a thousand originals would cost more than waiting for their renditions
    if (file && this.#previews++ < PREVIEWS) preview(link, file);
  }

  // Those that `isShown(id)` elsewhere by now. Gives the id of the one that had the focus, or null.
  release(isShown) {
    let focused = null;
    for (const link of this.#list.querySelectorAll(".tile")) {
      if (!isShown(link.dataset.photo)) continue;
      if (link === document.activeElement) focused = link.dataset.photo;
      link.remove();
    }
    this.element.hidden = !this.#list.firstChild;
    return focused;
  }

  get ids() {
    return [...this.#list.children].map((link) => link.dataset.photo);
  }
}

function makeLink(photoId, name) {
  const link = make("a", "tile r40");
  const state = make("span", "tile-state");
  const words = make("span", "tile-words");
  const aside = make("span", "aside");
  link.id = `photo-${photoId}`;
  link.href = `/photos/${photoId}`;
  Object.assign(link.dataset, { photo: photoId, state: "new" });
  words.textContent = "Waiting";
  aside.textContent = name;
  state.append(words, aside);
  link.append(state);
  return link;
}

function preview(link, file) {
  const picture = make("img");
  const url = URL.createObjectURL(file);
  picture.alt = "";
  picture.src = url;
  picture
    .decode()
    .then(() => {
      const state = link.querySelector(".tile-state");
      state?.before(picture);
      state?.classList.replace("tile-state", "tile-over");
    })
    .catch(() => {})
    .finally(() => URL.revokeObjectURL(url));
}
