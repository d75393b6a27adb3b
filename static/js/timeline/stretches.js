// The library as a column of stretches: a month, or a chunk of a large one. Each has a height, estimated until
// its photos are known, so any place of the column can be looked up without knowing what stands there.

import { estimate, layOut } from "./layout.js";

const MONTH_AT_ONCE = 500; // a larger month comes in chunks
const KEPT = 60; // stretches whose photos are remembered, about 30,000

let lastKey = 0;

// `tiles` and `layout` are null until loaded. `from` and `until` are cursors, null at the ends of the month; no photo is
// of an older day than `oldestDay`.
function makeStretch(month, count, height, { from = null, until = null, oldestDay = "", isWhole = true } = {}) {
  return {
    key: ++lastKey, month, count, height, from, until, oldestDay,
    isChunk: !isWhole, needsChunks: isWhole && count > MONTH_AT_ONCE,
    tiles: null, layout: null, isStale: false, usedAt: 0,
  };
}

export class Stretches {
  #byId = new Map(); // photo id -> its stretch
  #clock = 0;
  list = [];
  tops = [];
  height = 0;
  version = 0; // another number whenever anything may stand elsewhere

  constructor(metrics) {
    this.metrics = metrics;
  }

  // What the server says about all months; photos that are known stay until they are asked for again.
  setMonths(months) {
    const known = this.#byMonth();
    this.list = months.flatMap(([month, count]) => {
      const stretches = known.get(month);
      known.delete(month);
      if (!stretches) return [makeStretch(month, count, estimate(count, this.metrics))];
      this.#recount(stretches, count);
      return stretches;
    });
    for (const stretch of [...known.values()].flat()) this.#drop(stretch);
    this.#add();
  }

  // What is known of these photos is old.
  age(stretches = this.list) {
    for (const stretch of stretches) stretch.isStale = true;
  }

  // Takes a month apart; the first `tiles` of it become a part of their own, and `next` is the cursor behind them.
  // Gives the first part, null if there is none.
  split(stretch, chunks, { tiles = [], next = null } = {}) {
    const at = this.list.indexOf(stretch);
    if (at < 0 || !chunks.length) return null;
    const pieces = withHead(chunks, tiles, next);
    const total = pieces.reduce((sum, [, count]) => sum + count, 0);
    const parts = pieces.map(([cursor, count, oldestDay], index) =>
      makeStretch(stretch.month, count, (stretch.height * count) / total, {
        from: index ? cursor : null, until: pieces[index + 1]?.[0] ?? null, oldestDay, isWhole: pieces.length === 1,
      }),
    );
    for (const part of parts) part.needsChunks = false;
    this.list.splice(at, 1, ...parts);
    this.#add();
    return parts[0];
  }

  fill(stretch, tiles) {
    if (!this.list.includes(stretch)) return;
    this.#forgetIds(stretch);
    Object.assign(stretch, { tiles, count: tiles.length, isStale: false });
    this.touch(stretch);
    for (const tile of tiles) this.#byId.set(tile.id, stretch);
    this.#layOutAround(stretch);
    this.#evict();
    this.#add();
  }

  setMetrics(metrics) {
    this.metrics = metrics;
    for (const stretches of this.#byMonth().values()) {
      const total = stretches.reduce((sum, stretch) => sum + stretch.count, 0);
      const height = estimate(total, metrics);
      for (const stretch of stretches) stretch.height = (height * stretch.count) / total;
    }
    for (const stretch of this.list) if (stretch.tiles) this.#layOut(stretch);
    this.#add();
  }

  touch(stretch) {
    stretch.usedAt = ++this.#clock;
  }

  // The stretch at a height of the column: always one, if there are any.
  indexAt(y) {
    let low = 0;
    let high = this.list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  topOf(stretch) {
    return this.tops[this.list.indexOf(stretch)];
  }

  // { stretch, index } of a photo that is known, else null.
  find(id) {
    const stretch = this.#byId.get(id);
    return stretch ? { stretch, index: stretch.tiles.findIndex((tile) => tile.id === id) } : null;
  }

  monthOf(month) {
    return this.list.filter((stretch) => stretch.month === month);
  }

  before(stretch) {
    return this.list[this.list.indexOf(stretch) - 1] ?? null;
  }

  after(stretch) {
    return this.list[this.list.indexOf(stretch) + 1] ?? null;
  }

  // The part of a day outside of a stretch as { before, behind, isWhole }, as far as it is known.
  dayAround(stretch, day) {
    const above = this.#countOn(stretch, day, -1);
    const below = this.#countOn(stretch, day, 1);
    return { before: above.count, behind: below.count, isWhole: above.isKnown && below.isKnown };
  }

  #byMonth() {
    const months = new Map();
    for (const stretch of this.list) months.set(stretch.month, [...(months.get(stretch.month) ?? []), stretch]);
    return months;
  }

  #countOn(stretch, day, direction) {
    let count = 0;
    let at = this.list.indexOf(stretch);
    for (;;) {
      const edge = direction < 0 ? this.list[at].tiles[0] : this.list[at].tiles.at(-1);
      at += direction;
      const next = this.list[at];
      if (edge?.day !== day || next?.month !== stretch.month) return { count, isKnown: true };
      if (!next.tiles) return { count, isKnown: false };
      count += next.tiles.filter((tile) => tile.day === day).length;
      if (!next.tiles.length) return { count, isKnown: true };
    }
  }

  #recount(stretches, count) {
    const known = stretches.reduce((sum, stretch) => sum + stretch.count, 0);
    if (known === count) return;
    this.age(stretches);
    const [first] = stretches;
    if (first.tiles) return;
    first.count = Math.max(1, first.count + count - known);
    if (stretches.length > 1) return;
    first.height = estimate(first.count, this.metrics);
    first.needsChunks = first.count > MONTH_AT_ONCE;
  }

  // A stretch that is new may be where the day of the next one began.
  #layOutAround(stretch) {
    this.#layOut(stretch);
    const next = this.after(stretch);
    if (next?.tiles && next.layout.days[0]?.hasHead === this.#isContinued(next)) this.#layOut(next);
  }

  // Between two chunks lies the gap of rows, and more only where a day begins.
  #layOut(stretch) {
    const { gap, lineGap } = this.metrics;
    const isContinued = this.#isContinued(stretch);
    const goesOn = this.after(stretch)?.month === stretch.month;
    const isInside = this.before(stretch)?.month === stretch.month;
    const lead = isInside && !isContinued ? lineGap - gap : 0;
    stretch.layout = layOut(stretch.tiles, this.metrics, { isContinued, goesOn, lead });
    stretch.height = stretch.tiles.length ? stretch.layout.height - (goesOn ? lineGap - gap : 0) : 0;
  }

  #isContinued(stretch) {
    const before = this.before(stretch);
    const day = stretch.tiles[0]?.day;
    return Boolean(day) && before?.month === stretch.month && before.tiles?.at(-1)?.day === day;
  }

  #add() {
    let top = 0;
    this.tops = this.list.map(({ height }) => (top += height) - height);
    this.height = top;
    this.version += 1;
  }

  #evict() {
    const loaded = this.list.filter((stretch) => stretch.tiles);
    if (loaded.length <= KEPT) return;
    loaded.sort((a, b) => a.usedAt - b.usedAt);
    for (const stretch of loaded.slice(0, loaded.length - KEPT)) this.#drop(stretch);
  }

  #drop(stretch) {
    this.#forgetIds(stretch);
    stretch.tiles = stretch.layout = null;
  }

  #forgetIds(stretch) {
    for (const { id } of stretch.tiles ?? []) if (this.#byId.get(id) === stretch) this.#byId.delete(id);
  }
}

// Chunks as [cursor, photos, oldest day], the first tiles cut off from the others.
function withHead(chunks, tiles, next) {
  if (!tiles.length) return chunks;
  const pieces = [[chunks[0][0], tiles.length, tiles.at(-1).day]];
  let taken = tiles.length;
  for (const [cursor, count, oldestDay] of chunks) {
    if (count > taken) pieces.push([taken ? next : cursor, count - taken, oldestDay]);
    taken = Math.max(0, taken - count);
  }
  return pieces;
}
