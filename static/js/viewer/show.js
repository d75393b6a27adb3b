// Photos in one place of the page, one after the other, with all that keys and wipes can do to the one that is there.
// `place` holds the article of a photo; `leave({ forSearch })` goes back to where the reader came from.

import { send, submit } from "../api.js";
import { boot } from "../boot.js";
import { isForViewer } from "../keys.js";
import { paint } from "../placeholders.js";
import { complain, toast } from "../toasts.js";
import { preload, take } from "./pages.js";
import { isInfoShown, setInfo } from "./panel.js";
import { Slideshow } from "./slideshow.js";
import { stageOf } from "./stage.js";

const PAN_PX = 80;
const ZOOM = 1.4;
const WIPES = { left: "older", right: "newer" };

export class Show {
  #place;
  #leave;
  #end = new AbortController();
  #booted = Promise.resolve(); // when the photo's own parts listen
  #coming = ""; // the address that is being fetched
  #slideshow = new Slideshow(() => this.#step("older"));

  constructor(place, leave) {
    this.#place = place;
    this.#leave = leave;
    const { signal } = this.#end;
    document.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    place.addEventListener("click", (event) => this.#onClick(event), { signal });
    place.addEventListener("change", (event) => this.#onChange(event), { signal });
    place.addEventListener("submit", (event) => this.#onSubmit(event), { signal });
    place.addEventListener("wiped", ({ detail }) => this.#onWipe(detail.way), { signal });
    if (this.article) this.#settle();
  }

  get article() {
    return this.#place.querySelector(".photo");
  }

  get #stage() {
    return stageOf(this.article.querySelector(".stage"));
  }

  // Nothing of it listens any more.
  end() {
    this.#slideshow.stop();
    this.#end.abort();
  }

  // Puts the photo at `address` in place of the one that is there, and its address in the place of the old one.
  async go(address) {
    this.#coming = address;
    let next;
    try {
      next = await take(address);
    } catch (error) {
      if (this.#coming === address) this.#coming = "";
      complain(error);
      return false;
    }
    if (this.#coming !== address || this.#end.signal.aborted) return false;
    this.#coming = "";
    history.replaceState(history.state, "", address);
    this.put(next);
    return true;
  }

  put({ article, title }) {
    const old = this.article;
    const focus = old?.contains(document.activeElement) ? document.activeElement : null;
    document.title = title;
    if (old) old.replaceWith(article);
    else this.#place.replaceChildren(article);
    paint(article);
    this.#booted = boot(article).then(() => (article.dataset.scripted = "listening"));
    if (focus) (twin(article, focus) ?? this.#place).focus({ preventScroll: true });
    this.#settle();
  }

  #settle() {
    sessionStorage.setItem("seen", this.article.dataset.photo);
    this.#slideshow.reflect();
    for (const link of this.article.querySelectorAll(".step-older, .step-newer")) whenIdle(() => preload(link.href));
  }

  async #step(way) {
    const link = this.article?.querySelector(`.step-${way}`);
    return Boolean(link && !this.#coming && (await this.go(link.href)));
  }

  #onClick(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    const link = event.target.closest("#back, .step, a[data-photo]");
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (act) this.#act(act);
    if (!link) return;
    event.preventDefault();
    if (link.id === "back") this.#leave();
    else this.go(link.href);
  }

  #onChange(event) {
    if (event.target.closest("[data-seconds]")) this.#slideshow.choose(event.target.value);
  }

  #act(act) {
    const acts = {
      info: () => setInfo(!isInfoShown()),
      play: () => this.#slideshow.toggle(),
      screen: toggleFullScreen,
      "zoom-in": () => this.#stage?.zoom(ZOOM),
      "zoom-out": () => this.#stage?.zoom(1 / ZOOM),
    };
    acts[act]?.();
  }

  #onKey(event) {
    if (!isForViewer(event, this.#place)) return;
    const ways = { Escape: () => this.#escape(), "/": () => this.#leave({ forSearch: true }) };
    if (event.key in ways) {
      event.preventDefault();
      return ways[event.key]();
    }
    if (!this.article) return; // it is on its way
    const isZoomed = this.#stage?.scale > 1;
    const keys = {
      ArrowLeft: () => (isZoomed ? this.#stage.pan(PAN_PX, 0) : this.#step("newer")),
      ArrowRight: () => (isZoomed ? this.#stage.pan(-PAN_PX, 0) : this.#step("older")),
      ...(isZoomed && { ArrowUp: () => this.#stage.pan(0, PAN_PX), ArrowDown: () => this.#stage.pan(0, -PAN_PX) }),
      Delete: () => this.#press("#trash button"),
      "+": () => this.#stage?.zoom(ZOOM),
      "=": () => this.#stage?.zoom(ZOOM),
      "-": () => this.#stage?.zoom(1 / ZOOM),
      0: () => this.#stage?.fit(),
      f: () => this.#press('[data-module="favourite"] button'),
      F: toggleFullScreen,
      i: () => this.#act("info"),
      r: () => this.#press('[data-turn-by="90"]'),
      R: () => this.#press('[data-turn-by="270"]'),
      s: () => this.#act("play"),
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    // a key pressed as the photo comes waits for what answers it
    this.#booted.then(keys[event.key]).catch(complain);
  }

  // One thing at a time: the slideshow, then the photo. The browser itself leaves the full screen.
  #escape() {
    if (this.#slideshow.isOn) this.#slideshow.stop();
    else this.#leave();
  }

  #press(selector) {
    this.article.querySelector(selector)?.click();
  }

  #onWipe(way) {
    if (way in WIPES) this.#step(WIPES[way]);
    else if (way === "up") setInfo(true);
    else if (isInfoShown()) setInfo(false);
    else this.#leave();
  }

  // Forms that no module of their own has taken are sent without leaving.
  #onSubmit(event) {
    if (event.defaultPrevented) return;
    event.preventDefault();
    if (event.target.closest("#trash")) this.#trash(event.target);
    else this.#send(event.target, event.submitter);
  }

  // The answer is the photo as it is now.
  async #send(form, submitter) {
    let next;
    try {
      next = await submit(form, submitter);
    } catch (error) {
      return complain(error);
    }
    const article = next.querySelector(".photo");
    if (!article) return this.#leave();
    const words = next.querySelector("#toasts p")?.textContent;
    this.put({ article: document.adoptNode(article), title: next.title });
    tell(article.dataset.photo);
    if (words) toast(words);
  }

  // Into the trash, and on to the next photo; the list hears of it.
  async #trash(form) {
    const { photo } = this.article.dataset;
    const here = location.href;
    const following = this.article.querySelector(".step-older, .step-newer")?.href;
    try {
      await submit(form);
    } catch (error) {
      return complain(error);
    }
    tell(photo);
    toast("The photo is in the trash.", { undo: () => this.#restore(photo, here) });
    if (following) await this.go(following);
    else this.#leave();
  }

  async #restore(photo, address) {
    try {
      await send("POST", `/api/v1/photos/${photo}/restore`);
    } catch (error) {
      return complain(error);
    }
    tell(photo);
    toast("The photo is back.");
    if (!this.#end.signal.aborted) await this.go(address);
  }
}

function tell(photoId) {
  document.dispatchEvent(new CustomEvent("photos-changed", { detail: { ids: [photoId] } }));
}

function toggleFullScreen() {
  const change = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  change.catch(() => {}); // a browser that does not want to stays as it is
}

// The control of another photo that does the same.
function twin(article, control) {
  const label = control.getAttribute("aria-label");
  if (control.id) return article.querySelector(`#${CSS.escape(control.id)}`);
  return label && article.querySelector(`[aria-label="${CSS.escape(label)}"]`);
}

function whenIdle(act) {
  if ("requestIdleCallback" in window) requestIdleCallback(act, { timeout: 2000 });
  else setTimeout(act, 300);
}
