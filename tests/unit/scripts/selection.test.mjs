import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST, Selection } from "../../../static/js/selection.js";

function listened() {
  const selection = new Selection();
  const heard = [];
  selection.addEventListener("change", ({ detail }) => heard.push(detail));
  return { selection, heard };
}

test("what is added and removed is told once", () => {
  const { selection, heard } = listened();
  selection.add("a", "b", "a");
  selection.add("a");
  selection.remove("b", "c");
  selection.toggle("a");
  selection.toggle("d");
  assert.deepEqual(heard, [
    { added: ["a", "b"], removed: [] }, { added: [], removed: ["b"] }, { added: [], removed: ["a"] }, { added: ["d"], removed: [] },
  ]);
  assert.deepEqual([...selection.ids], ["d"]);
  selection.clear();
  selection.clear();
  assert.equal(heard.length, 5);
});

test("no more is selected than one change takes", () => {
  const { selection } = listened();
  assert.ok(selection.add(...Array.from({ length: MOST }, (_, index) => `${index}`)));
  assert.equal(selection.add("one more"), false);
  assert.equal(selection.size, MOST);
});
