// Headings of the grid: a day with its places, its count and a circle that selects it; a month that is on its way.

import { dayWords, monthWords } from "./dates.js";
import { make } from "./tile.js";

const PLACES = 2;
const SHORT = 3; // letters of a weekday or a month

export function makeMonthHead(month) {
  return makeHead(monthWords(month));
}

export function makeDayHead(day, place) {
  const words = dayWords(day);
  const head = makeHead("");
  const time = make("time");
  const facts = make("p", "small");
  const name = make("span");
  const check = make("button", "tile-check day-check");
  time.dateTime = day;
  time.append(...words.split(/(?<= )/).flatMap(cut));
  name.dir = "auto";
  name.textContent = place;
  check.type = "button";
  check.tabIndex = -1; // by keyboard it is Ctrl+A
  check.setAttribute("role", "checkbox");
  check.setAttribute("aria-label", `Select ${words}`);
  head.firstElementChild.append(time);
  facts.append(name, make("span", "day-count"));
  head.append(check, facts);
  head.firstElementChild.after(facts);
  return head;
}

// A narrow day hides the tails of words: "Sat 15 Jun 2024". As templates/components/days.html.
function cut(word) {
  const tail = make("span", "tail");
  tail.textContent = word.slice(SHORT).trim();
  return /^\p{L}/u.test(word) && tail.textContent ? [word.slice(0, SHORT), tail, " "] : [word];
}

// `isPlaced`: a place is named before it.
export function showCount(head, count, isPlaced) {
  const place = head.querySelector(".day-count");
  place.replaceChildren();
  if (count === null) return;
  const unit = make("span", "aside");
  unit.textContent = count === 1 ? " photo" : " photos";
  place.append(`${isPlaced ? " · " : ""}${count.toLocaleString("en")}`, unit);
}

// The places where most of these photos were taken.
export function commonPlace(tiles) {
  const counts = new Map();
  for (const { place } of tiles) if (place) counts.set(place, (counts.get(place) ?? 0) + 1);
  const names = [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return names.slice(0, PLACES).join(", ");
}

function makeHead(words) {
  const head = make("div", "day-head");
  const title = make("h2");
  title.textContent = words;
  head.append(title);
  return head;
}
