// What the map asks for, and outlines across the date line.

import assert from "node:assert/strict";
import { test } from "node:test";

import { edgesOf, unwound, viewOf } from "../../../static/js/map.js";

test("an address without a view shows the world", () => {
  assert.deepEqual(viewOf(""), { zoom: 2, latitude: 25, longitude: 10 });
  assert.deepEqual(viewOf("#99/0/0"), { zoom: 2, latitude: 25, longitude: 10 });
  assert.deepEqual(viewOf("#15/38.72230/-9.13930"), { zoom: 15, latitude: 38.7223, longitude: -9.1393 });
});

test("edges stay within the world, and cross the date line", () => {
  assert.deepEqual(edgesOf({ south: -95, west: -250, north: 95, east: 250 }), {
    south: -90,
    west: -180,
    north: 90,
    east: 180,
  });
  assert.deepEqual(edgesOf({ south: -30, west: 170, north: 0, east: 190 }), {
    south: -30,
    west: 170,
    north: 0,
    east: -170,
  });
});

test("a ring across the date line goes on beyond it", () => {
  assert.deepEqual(
    unwound([
      [170, 60],
      [-170, 60],
      [-170, 50],
      [170, 50],
      [170, 60],
    ]).map(([longitude]) => longitude),
    [170, 190, 190, 170, 170],
  );
});
