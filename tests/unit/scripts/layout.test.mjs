import assert from "node:assert/strict";
import { test } from "node:test";

import { estimate, layOut, nearestInRow, ratioOf, tileInNextRow, tilesBetween } from "../../../static/js/timeline/layout.js";

const METRICS = { width: 1200, row: 210, gap: 4, head: 40, dayGap: 24, lineGap: 16, leastDay: 224 };

function photos(count, { day = "2024-06-15", seed = 1, of = () => null } = {}) {
  let state = seed;
  const chance = () => ((state = (state * 16807) % 2147483647) / 2147483647);
  const shapes = [[4000, 3000], [3000, 4000], [1920, 1080], [1000, 1000], [9000, 2000], [900, 4000]];
  return Array.from({ length: count }, (_, index) => {
    const [width, height] = shapes[Math.floor(chance() * shapes.length)];
    return { id: `${seed}-${index}`, day: of(index) ?? day, width, height };
  });
}

function rows(layout) {
  const found = new Map();
  for (const [index, top] of layout.top.entries()) found.set(top, [...(found.get(top) ?? []), index]);
  return [...found.values()];
}

test("every row of a day but the last fills the width, and none is lower than a row", () => {
  for (let seed = 1; seed < 40; seed++) {
    const tiles = photos(60, { seed });
    const layout = layOut(tiles, METRICS);
    const all = rows(layout);
    for (const [number, row] of all.entries()) {
      const right = layout.left[row.at(-1)] + layout.width[row.at(-1)];
      assert.ok(right <= METRICS.width + 0.01);
      if (number < all.length - 1) assert.ok(Math.abs(right - METRICS.width) < 0.01, `row ${number} of ${seed}`);
      assert.ok(layout.tall[row[0]] >= METRICS.row - 0.01);
    }
  }
});

test("no two tiles lie over each other, and all lie within their day", () => {
  const tiles = photos(300, { of: (index) => `2024-06-${String(30 - Math.floor(index / 7) % 30).padStart(2, "0")}` });
  tiles.sort((a, b) => (a.day < b.day ? 1 : -1));
  const layout = layOut(tiles, METRICS);
  for (const day of layout.days) {
    for (let index = day.first; index < day.first + day.count; index++) {
      assert.ok(layout.left[index] >= day.left - 0.01);
      assert.ok(layout.left[index] + layout.width[index] <= day.left + day.width + 0.01);
      assert.ok(layout.top[index] + layout.tall[index] <= day.top + day.height + 0.01);
    }
  }
  for (const row of rows(layout)) {
    for (const [before, index] of row.slice(1).map((index, at) => [row[at], index])) {
      assert.ok(layout.left[index] >= layout.left[before] + layout.width[before] + METRICS.gap - 0.01);
    }
  }
});

test("short days stand side by side, a full one takes lines of its own", () => {
  const one = [{ id: "a", day: "2024-06-03", width: 4, height: 3 }];
  const two = [{ id: "b", day: "2024-06-02", width: 4, height: 3 }];
  const many = photos(20, { day: "2024-06-01" });
  const { days } = layOut([...one, ...two, ...many], METRICS);
  assert.equal(days[0].top, days[1].top);
  assert.ok(days[1].left > days[0].left);
  assert.ok(days[2].top > days[0].top);
  assert.equal(days[2].left, 0);
});

test("what is longer than 1:2 or 3:1 is cut to that", () => {
  assert.equal(ratioOf({ width: 100, height: 5000 }), ratioOf({ width: 1, height: 2 }));
  assert.ok(Math.abs(ratioOf({ width: 9000, height: 100 }) - 2.96) < 0.01);
  assert.ok(Math.abs(ratioOf({ width: 0, height: 0 }) - 4 / 3) < 0.03);
});

test("a stretch that goes on ends with a full row", () => {
  for (let count = 10; count < 60; count++) {
    const layout = layOut(photos(count, { seed: count }), METRICS, { goesOn: true });
    const last = rows(layout).at(-1);
    assert.ok(Math.abs(layout.left[last.at(-1)] + layout.width[last.at(-1)] - METRICS.width) < 0.01, `${count}`);
    assert.ok(layout.tall[last[0]] < METRICS.row * 2.2);
  }
});

test("a day that began before has no second heading", () => {
  const tiles = photos(10);
  assert.equal(layOut(tiles, METRICS, { isContinued: true }).top[0], 0);
  assert.equal(layOut(tiles, METRICS).top[0], METRICS.head);
});

test("the tiles between two heights are found", () => {
  const layout = layOut(photos(400), METRICS);
  const [first, behind] = tilesBetween(layout, 3000, 4000);
  for (let index = 0; index < 400; index++) {
    const isIn = layout.top[index] + layout.tall[index] > 3000 && layout.top[index] < 4000;
    assert.equal(index >= first && index < behind, isIn, `${index}`);
  }
});

test("down and up lead to the nearest tile of the next row", () => {
  const layout = layOut(photos(100), METRICS);
  const below = tileInNextRow(layout, 0, 1);
  assert.ok(layout.top[below] > layout.top[0]);
  assert.equal(layout.left[below], 0);
  assert.equal(layout.top[tileInNextRow(layout, below, -1)], layout.top[0]);
  assert.equal(tileInNextRow(layout, 0, -1), -1);
  assert.equal(tileInNextRow(layout, 99, 1), -1);
  assert.equal(nearestInRow(layout, 0, 1, 0), 0);
});

test("estimates grow with the photos and are not far off", () => {
  for (const count of [1, 5, 40, 400]) {
    const tiles = photos(count, { seed: count + 3, of: (index) => `2024-06-${String(30 - Math.floor((index * 30) / count)).padStart(2, "0")}` });
    const real = layOut(tiles, METRICS).height;
    const guess = estimate(count, METRICS);
    assert.ok(guess / real < 3 && real / guess < 3, `${count}: ${guess} for ${real}`);
  }
});
