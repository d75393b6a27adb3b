// Asks the server for what is in sight, nearest first and few at a time, and gives up what is no longer wanted.

import { send } from "../api.js";

const AT_ONCE = 3;
const AGAIN_AFTER_MS = 4000;
const FIRST_TILES = 120; // come along with the chunks of a large month: more than a screen of them

export class Source {
  #underWay = new Map(); // stretch -> { controller, promise, isAsked }
  #failed = new Map(); // stretch -> when

  // `receive(stretch, { tiles, chunks, next })` takes what came, for a large month its chunks, its first tiles and the
  // cursor behind them; `onTrouble(error)` hears of what did not come.
  constructor(shelf, receive, onTrouble) {
    this.shelf = shelf;
    this.receive = receive;
    this.onTrouble = onTrouble;
  }

  async months() {
    const { months } = await send("GET", `/api/v1/timeline?shelf=${this.shelf}`);
    return months;
  }

  // These and no others, unless somebody waits for them: what is in sight, and what is around it once that is there.
  want(inSight, around) {
    const wanted = new Set([...inSight, ...around]);
    for (const [stretch, { controller, isAsked }] of this.#underWay) {
      if (!isAsked && !wanted.has(stretch)) controller.abort();
    }
    for (const stretch of inSight.some(isMissing) ? inSight : around) {
      if (this.#underWay.size >= AT_ONCE) return;
      if (isMissing(stretch) && !this.#isResting(stretch)) this.#begin(stretch).catch(() => {});
    }
  }

  // One stretch for somebody who waits for it; a large month becomes chunks first. Fails with an ApiError.
  load(stretch) {
    if (!isMissing(stretch)) return Promise.resolve();
    const promise = this.#begin(stretch);
    this.#underWay.get(stretch).isAsked = true;
    return promise;
  }

  #begin(stretch) {
    const known = this.#underWay.get(stretch);
    if (known) return known.promise;
    const controller = new AbortController();
    const promise = this.#fetch(stretch, controller.signal)
      .then((answer) => {
        this.#failed.delete(stretch);
        this.#underWay.delete(stretch);
        this.receive(stretch, answer);
      })
      .catch((error) => {
        this.#underWay.delete(stretch);
        if (error.name !== "AbortError") {
          this.#failed.set(stretch, performance.now());
          setTimeout(() => this.onTrouble(error), AGAIN_AFTER_MS);
        }
        throw error;
      });
    this.#underWay.set(stretch, { controller, promise, isAsked: false });
    return promise;
  }

  async #fetch(stretch, signal) {
    const address = `/api/v1/timeline/${stretch.month}`;
    if (stretch.needsChunks) {
      const query = new URLSearchParams({ shelf: this.shelf, tiles: FIRST_TILES });
      const { chunks, items, next } = await send("GET", `${address}/chunks?${query}`, undefined, { signal });
      return { chunks, tiles: items ?? [], next: next ?? null };
    }
    const tiles = [];
    let cursor = stretch.from;
    do {
      const query = new URLSearchParams({ shelf: this.shelf, limit: "1000" });
      if (cursor) query.set("cursor", cursor);
      if (stretch.until) query.set("until", stretch.until);
      const { items, next } = await send("GET", `${address}/photos?${query}`, undefined, { signal });
      tiles.push(...items);
      cursor = next;
    } while (cursor);
    return { tiles };
  }

  #isResting(stretch) {
    return performance.now() - (this.#failed.get(stretch) ?? -Infinity) < AGAIN_AFTER_MS;
  }
}

export function isMissing(stretch) {
  return !stretch.tiles || stretch.isStale;
}
