// A quiet line at the lower edge while the library, or the store of its pictures, cannot be reached: what still works.
// It goes when that is over.

import { announce } from "./toasts.js";

const LIBRARY = "The library cannot be reached. What you see stays; uploads wait and go on by themselves.";
const STORE = "Pictures cannot be reached just now. Nothing is lost; they come by themselves.";
const ASK_EVERY_MS = 5000;

export function start() {
  const library = new Trouble(LIBRARY, "The library is back.", isLibraryThere);
  addEventListener("offline", () => library.begin());
  document.addEventListener("unreachable", () => library.begin());
  document.addEventListener("reached", () => library.end());
  if (!navigator.onLine) library.begin();
  followPictures(library);
}

// A picture that does not come may be gone, or all of them may: the server knows. One question at a time.
function followPictures(library) {
  const lost = new Set();
  const store = new Trouble(STORE, "Pictures are back.", isStoreThere);
  let askedAt = -ASK_EVERY_MS;
  const miss = async (picture) => {
    lost.add(picture);
    if (store.isOn || library.isOn || performance.now() - askedAt < ASK_EVERY_MS) return;
    askedAt = performance.now();
    if (!(await isStoreThere().catch(() => true))) store.begin();
  };
  addEventListener("error", ({ target }) => target.tagName === "IMG" && miss(target), { capture: true });
  // some may have been tried before this began
  for (const picture of document.images) if (picture.complete && picture.currentSrc && !picture.naturalWidth) miss(picture);
  store.onEnd = () => {
    for (const picture of lost) if (picture.isConnected) picture.src += "";
    lost.clear();
  };
}

class Trouble {
  #words;
  #isOver;
  #back;
  #line = null;
  #timer = 0;
  onEnd = () => {};

  constructor(words, back, isOver) {
    this.#words = words;
    this.#back = back;
    this.#isOver = isOver;
  }

  get isOn() {
    return Boolean(this.#line);
  }

  begin() {
    if (this.#line) return;
    this.#line = document.createElement("p");
    this.#line.className = "quiet-line";
    this.#line.textContent = this.#words;
    document.body.prepend(this.#line);
    announce(this.#words);
    const ask = () => this.#isOver().then((isOver) => isOver && this.end(), () => {});
    this.#timer = setInterval(ask, ASK_EVERY_MS);
  }

  end() {
    if (!this.#line) return;
    this.#line.remove();
    this.#line = null;
    clearInterval(this.#timer);
    announce(this.#back);
    this.onEnd();
  }
}

async function isLibraryThere() {
  return (await fetch("/health", { cache: "no-store" })).ok;
}

async function isStoreThere() {
  const { missing } = await (await fetch("/ready", { cache: "no-store" })).json();
  return !missing.includes("storage");
}
