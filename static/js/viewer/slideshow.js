// One photo after the other by itself, with nothing beside it. It waits while somebody points at or stands in the
// tools, and while the window is hidden; the screen stays awake meanwhile.

import { announce } from "../toasts.js";

const KEY = "slideshow-seconds";

export class Slideshow {
  #next;
  #timer = 0;
  #wake = null;

  // `next()` shows the next photo and says whether there was one.
  constructor(next) {
    this.#next = next;
  }

  get isOn() {
    return Boolean(this.#timer);
  }

  toggle() {
    if (this.isOn) this.stop();
    else this.#start();
  }

  stop(words = "The slideshow has stopped") {
    if (!this.isOn) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#wake?.release().catch(() => {});
    this.#wake = null;
    announce(words);
    this.reflect();
  }

  // Shows how it stands in the controls of the photo that is there now.
  reflect() {
    document.documentElement.toggleAttribute("data-slides", this.isOn);
    for (const button of document.querySelectorAll('[data-act="play"]')) {
      button.setAttribute("aria-pressed", String(this.isOn));
    }
    for (const choice of document.querySelectorAll("[data-seconds]")) {
      choice.hidden = !this.isOn;
      choice.querySelector("select").value = String(seconds());
    }
  }

  choose(count) {
    localStorage.setItem(KEY, count);
    if (this.isOn) this.#wait();
  }

  #start() {
    this.#wait();
    this.#keepAwake();
    announce("The slideshow runs");
    this.reflect();
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), seconds() * 1000);
  }

  async #tick() {
    if (isAttendedTo()) return this.#wait();
    const isThere = await this.#next();
    if (!this.isOn) return;
    if (isThere) this.#wait();
    else this.stop("That was the last photo");
  }

  async #keepAwake() {
    const wake = await navigator.wakeLock?.request("screen").catch(() => null);
    if (this.isOn) this.#wake = wake ?? null;
    else wake?.release().catch(() => {});
  }
}

function seconds() {
  return Number(localStorage.getItem(KEY)) || 5;
}

// Whoever has just pressed the button that starts it attends to nothing else.
function isAttendedTo() {
  const tools = ".stage-tools > :not([data-act='play'])";
  const isFocused = document.activeElement?.matches(":focus-visible") && document.activeElement.closest(tools);
  return document.hidden || Boolean(isFocused || document.querySelector(`${tools}:hover`));
}
