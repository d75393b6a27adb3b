import assert from "node:assert/strict";
import { test } from "node:test";

import { Stretches } from "../../../static/js/timeline/stretches.js";

const METRICS = { width: 1200, row: 210, gap: 4, head: 40, dayGap: 24, lineGap: 16, leastDay: 224 };

function tilesOf(month, count, { day = "15", from = 0 } = {}) {
  return Array.from({ length: count }, (_, index) => ({ id: `${month}-${from + index}`, day: `${month}-${day}`, width: 4, height: 3, revision: 1 }));
}

test("every height belongs to one stretch", () => {
  const stretches = new Stretches(METRICS);
  stretches.setMonths([["2024-06", 431], ["2024-05", 3], ["2019-01", 70000]]);
  for (const stretch of stretches.list) {
    const top = stretches.topOf(stretch);
    assert.equal(stretches.list[stretches.indexAt(top + 1)], stretch);
    assert.equal(stretches.list[stretches.indexAt(top + stretch.height - 1)], stretch);
  }
  assert.equal(stretches.indexAt(-100), 0);
  assert.equal(stretches.indexAt(1e9), 2);
});

test("a large month comes apart into chunks without a change of height", () => {
  const stretches = new Stretches(METRICS);
  stretches.setMonths([["2024-06", 1500], ["2024-05", 3]]);
  const before = stretches.height;
  assert.ok(stretches.list[0].needsChunks);
  stretches.split(stretches.list[0], [["a", 500], ["b", 500], ["c", 500]]);
  assert.ok(Math.abs(stretches.height - before) < 0.01);
  assert.deepEqual(stretches.list.map(({ from, until }) => [from, until]), [[null, "b"], ["b", "c"], ["c", null], [null, null]]);
  assert.ok(stretches.list.every(({ needsChunks }) => !needsChunks));
});

test("a day across two chunks has one heading and one count", () => {
  const stretches = new Stretches(METRICS);
  stretches.setMonths([["2024-06", 1000]]);
  stretches.split(stretches.list[0], [["a", 500], ["b", 500]]);
  const [first, second] = stretches.list;
  stretches.fill(second, tilesOf("2024-06", 500, { from: 500 }));
  assert.ok(second.layout.days[0].hasHead);
  assert.equal(stretches.dayAround(second, "2024-06-15").isWhole, false);
  stretches.fill(first, tilesOf("2024-06", 500));
  assert.ok(!second.layout.days[0].hasHead);
  assert.deepEqual(stretches.dayAround(second, "2024-06-15"), { before: 500, behind: 0, isWhole: true });
});

test("months that come, go and change keep what is known of the others", () => {
  const stretches = new Stretches(METRICS);
  stretches.setMonths([["2024-06", 10], ["2024-05", 3]]);
  const [june, may] = stretches.list;
  stretches.fill(may, tilesOf("2024-05", 3));
  stretches.fill(june, tilesOf("2024-06", 10));
  stretches.setMonths([["2024-07", 2], ["2024-05", 4]]);
  assert.deepEqual(stretches.list.map(({ month }) => month), ["2024-07", "2024-05"]);
  assert.equal(stretches.list[1], may);
  assert.ok(may.isStale);
  assert.equal(stretches.find("2024-06-1"), null);
  assert.equal(stretches.find("2024-05-1").index, 1);
});

test("of a million photos some thirty thousand are remembered, with the height of the others", () => {
  const stretches = new Stretches(METRICS);
  stretches.setMonths(Array.from({ length: 200 }, (_, index) => [`${2024 - Math.floor(index / 12)}-${String(12 - (index % 12)).padStart(2, "0")}`, 500]));
  for (const stretch of [...stretches.list]) stretches.fill(stretch, tilesOf(stretch.month, 500));
  assert.equal(stretches.list.filter(({ tiles }) => tiles).length, 60);
  assert.ok(stretches.list.at(-1).tiles);
  assert.ok(stretches.list[0].height > 10000);
});

test("the first tiles of a large month come along and are a part of their own", () => {
  const stretches = new Stretches(METRICS);
  stretches.setMonths([["2024-06", 1500], ["2024-05", 3]]);
  const tiles = tilesOf("2024-06", 120, { day: "28" });
  const chunks = [["a", 500, "2024-06-20"], ["b", 500, "2024-06-10"], ["c", 500, "2024-06-01"]];
  const first = stretches.split(stretches.list[0], chunks, { tiles, next: "n" });
  assert.equal(first, stretches.list[0]);
  assert.deepEqual(
    stretches.monthOf("2024-06").map(({ from, until, count, oldestDay }) => [from, until, count, oldestDay]),
    [[null, "n", 120, "2024-06-28"], ["n", "b", 380, "2024-06-20"], ["b", "c", 500, "2024-06-10"], ["c", null, 500, "2024-06-01"]],
  );
  stretches.fill(first, tiles);
  assert.equal(stretches.find("2024-06-7").index, 7);
});

test("first tiles may take whole chunks, end with one, or be all there are", () => {
  const cutsOf = (chunks, count, next) => {
    const stretches = new Stretches(METRICS);
    stretches.setMonths([["2024-06", 1000]]);
    stretches.split(stretches.list[0], chunks, { tiles: tilesOf("2024-06", count), next });
    return stretches.list.map((part) => [part.from, part.until, part.count]);
  };
  const chunks = [["a", 3, "2024-06-30"], ["b", 97, "2024-06-20"], ["c", 500, "2024-06-01"]];
  assert.deepEqual(cutsOf(chunks, 120, "n"), [[null, "n", 120], ["n", null, 480]]);
  assert.deepEqual(cutsOf(chunks, 100, "n"), [[null, "c", 100], ["c", null, 500]]);
  assert.deepEqual(cutsOf(chunks, 600, null), [[null, null, 600]]);
  assert.deepEqual(cutsOf(chunks, 0, null), [[null, "b", 3], ["b", "c", 97], ["c", null, 500]]);
});
