// Through the library photo by photo, asking for what is not there yet. All of these promise, and fail with an
// ApiError when the library cannot be reached.

import { send } from "../api.js";
import { MOST } from "../selection.js";

const SIDE_BY_SIDE = 4;

// { stretch, index, tile } next to a photo: 1 is the next older one, -1 the next newer one. null at the ends.
export async function beside(grid, id, direction) {
  const at = grid.stretches.find(id);
  if (!at) return null;
  const index = at.index + direction;
  if (at.stretch.tiles[index]) return spot(at.stretch, index);
  let { stretch } = at;
  for (;;) {
    const next = direction > 0 ? grid.stretches.after(stretch) : grid.stretches.before(stretch);
    if (!next) return null;
    await grid.source.load(next);
    if (next.tiles?.length) return spot(next, direction > 0 ? 0 : next.tiles.length - 1);
    // a large month has come apart, and its chunks stand where it stood
    if (grid.stretches.list.includes(next)) stretch = next;
  }
}

// The newest (1) or the oldest (-1) photo there is.
export async function end(grid, direction) {
  const { stretches, source } = grid;
  for (;;) {
    const stretch = direction > 0 ? stretches.list[0] : stretches.list.at(-1);
    if (!stretch) return null;
    await source.load(stretch);
    if (stretch.tiles?.length) return spot(stretch, direction > 0 ? 0 : stretch.tiles.length - 1);
    if (stretches.list.includes(stretch)) return null;
  }
}

// The ids from one photo to another, in order, both included, and at most one more than can be selected.
export async function idsBetween(grid, one, other) {
  const ends = [one, other].map((id) => grid.stretches.find(id));
  if (ends.includes(null)) return [other];
  const { list } = grid.stretches;
  ends.sort((a, b) => list.indexOf(a.stretch) - list.indexOf(b.stretch) || a.index - b.index);
  const [from, to] = ends;
  const ids = await idsOf(grid, () => {
    const now = grid.stretches.list;
    return now.slice(now.indexOf(from.stretch), now.indexOf(to.stretch) + 1);
  });
  const places = [ids.indexOf(one), ids.indexOf(other)].filter((place) => place >= 0);
  const isWhole = places.length === 2;
  return ids.slice(Math.min(...places), isWhole ? Math.max(...places) + 1 : ids.length);
}

// The photos of a whole day, given one of them.
export async function idsOfDay(grid, id) {
  const at = grid.stretches.find(id);
  if (!at) return [];
  const { day } = at.stretch.tiles[at.index];
  const ids = [id];
  for (const direction of [-1, 1]) {
    let next = await beside(grid, id, direction);
    while (next?.tile.day === day && ids.length <= MOST) {
      ids.push(next.tile.id);
      next = await beside(grid, next.tile.id, direction);
    }
  }
  return ids;
}

export function idsOfMonth(grid, month) {
  return idsOf(grid, () => grid.stretches.monthOf(month));
}

// Where the photos of a day begin, or of the next older day that has any in this month.
export async function findDay(grid, day) {
  const parts = await opened(grid, day.slice(0, 7));
  for (const part of parts.slice(Math.max(0, parts.findIndex(({ oldestDay }) => oldestDay <= day)))) {
    await grid.source.load(part);
    const index = part.tiles.findIndex((tile) => tile.day <= day);
    if (index >= 0) return spot(part, index);
  }
  const last = parts.at(-1);
  return last?.tiles?.length ? spot(last, last.tiles.length - 1) : null;
}

// A photo anywhere in the library; null if it is not on this shelf.
export async function findPhoto(grid, id) {
  const known = grid.stretches.find(id);
  if (known) return spot(known.stretch, known.index);
  const photo = await send("GET", `/api/v1/photos/${encodeURIComponent(id)}`).catch(() => null);
  const day = photo?.taken_at.slice(0, 10);
  if (!day || !grid.stretches.monthOf(day.slice(0, 7)).length) return null;
  let at = await findDay(grid, day);
  while (at?.tile.day === day && at.tile.id !== id) at = await beside(grid, at.tile.id, 1);
  return at?.tile.id === id ? at : null;
}

async function opened(grid, month) {
  for (;;) {
    const parts = grid.stretches.monthOf(month);
    const whole = parts.find((part) => part.needsChunks);
    if (!whole) return parts;
    await grid.source.load(whole);
  }
}

async function idsOf(grid, parts) {
  const ids = [];
  const done = new Set();
  while (ids.length <= MOST) {
    const next = parts().filter((part) => !done.has(part)).slice(0, SIDE_BY_SIDE);
    if (!next.length) break;
    await Promise.all(next.map((part) => grid.source.load(part)));
    for (const part of next) {
      done.add(part);
      for (const { id } of part.tiles ?? []) ids.push(id);
    }
  }
  return ids;
}

function spot(stretch, index) {
  return { stretch, index, tile: stretch.tiles[index] };
}
