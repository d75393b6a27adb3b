import assert from "node:assert/strict";
import { test } from "node:test";

import { dayWords, monthWords, nearestMonth, readDate } from "../../../static/js/timeline/dates.js";

test("dates are read as people write them", () => {
  const table = {
    2016: [2016, null, null], "june 2019": [2019, 6, null], "Jun 2019": [2019, 6, null], "2016-07": [2016, 7, null],
    "7/2016": [2016, 7, null], "2016-07-15": [2016, 7, 15], "15.7.2016": [2016, 7, 15], "15 June 2019": [2019, 6, 15],
    "June 15, 2019": [2019, 6, 15], " 2004 ": [2004, null, null],
  };
  for (const [text, [year, month, day]] of Object.entries(table)) {
    assert.deepEqual(readDate(text), { year, month, day }, text);
  }
  for (const text of ["", "june", "16", "yesterday", "2016-13", "2016-07-15-3", "32.1.2016", "june july 2016"]) {
    assert.equal(readDate(text), null, text);
  }
});

test("a year leads to its newest month, a month without photos to the nearest", () => {
  const months = ["2024-06", "2019-12", "2019-03", "2015-01"];
  assert.equal(nearestMonth(months, { year: 2019, month: null }), "2019-12");
  assert.equal(nearestMonth(months, { year: 2019, month: 3 }), "2019-03");
  assert.equal(nearestMonth(months, { year: 2019, month: 4 }), "2019-03");
  assert.equal(nearestMonth(months, { year: 1990, month: null }), "2015-01");
  assert.equal(nearestMonth(months, { year: 2030, month: null }), "2024-06");
  assert.equal(nearestMonth([], { year: 2030, month: null }), null);
});

test("days and months in words", () => {
  assert.equal(dayWords("2024-06-15"), "Saturday 15 June 2024");
  assert.equal(monthWords("2004-01"), "January 2004");
});
