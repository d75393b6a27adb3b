import assert from "node:assert/strict";
import { test } from "node:test";

import { densityPath, makeScale, placeAt, shareOf, yearMarks } from "../../../static/js/timeline/scale.js";

const MONTHS = [["2024-06", 70000], ["2024-05", 40], ["2020-01", 400], ["2004-03", 1]];

test("every place of the axis leads to a month and back", () => {
  const scale = makeScale(MONTHS);
  for (let share = 0; share <= 1; share += 0.01) {
    const { step, within } = placeAt(scale, share);
    assert.ok(Math.abs(shareOf(scale, step.month, within) - share) < 1e-9);
  }
  assert.equal(placeAt(scale, 0).step.month, "2024-06");
  assert.equal(placeAt(scale, 1).step.month, "2004-03");
  assert.equal(placeAt(scale, 1).within, 1);
});

test("a month of seventy thousand does not push the others away", () => {
  const scale = makeScale(Array.from({ length: 240 }, (_, index) => [`${2024 - Math.floor(index / 12)}-01`, index === 5 ? 70000 : 4000]));
  assert.ok(scale[5].to - scale[5].from < 0.02);
});

test("years stand apart", () => {
  const scale = makeScale(Array.from({ length: 240 }, (_, index) => [`${2024 - Math.floor(index / 12)}-${String(12 - (index % 12)).padStart(2, "0")}`, 10]));
  const marks = yearMarks(scale, 0.04);
  assert.equal(marks[0].year, "2024");
  assert.equal(marks.length, 20);
  for (const [index, mark] of marks.slice(1).entries()) assert.ok(mark.share - marks[index].share >= 0.04);
});

test("the shape of an empty library is empty", () => {
  assert.equal(densityPath([], 16, 800), "");
  assert.match(densityPath(makeScale(MONTHS), 16, 800), /^M16 0L.*Z$/);
});
