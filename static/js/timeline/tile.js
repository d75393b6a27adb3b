// One photo of the grid as nodes: the same as templates/components/grid.html writes.

import { makeSelectable } from "../selecting.js";

const MEDIUM_PX = 512; // pictures of the timeline fit into these (photos/imaging/renditions.py)
const LARGE_PX = 1600;
const ICONS = { refused: "file-warning", processing: "loader" };

// A cell with its tile; `found` is a tile that is on the page already. Its picture is named, not yet fetched.
export function makeCell(tile, found) {
  const cell = make("div", "cell");
  const link = found ?? makeLink(tile);
  cell.setAttribute("role", "listitem");
  link.tabIndex = -1;
  cell.append(link);
  makeSelectable(cell, link, tile.alt);
  return cell;
}

// Fetches the picture, at the size it has on the table.
export function fetchPicture(cell, width) {
  const picture = cell.querySelector("img[data-srcset]");
  if (!picture) return;
  picture.sizes = `${Math.ceil(width)}px`;
  picture.srcset = picture.dataset.srcset;
  delete picture.dataset.srcset;
}

// Gives up a picture that has not arrived; its tile is no longer in sight.
export function leavePicture(cell) {
  const picture = cell.querySelector("img");
  if (picture && !picture.complete) picture.srcset = "";
}

function makeLink(tile) {
  const link = make("a", "tile");
  link.id = `photo-${tile.id}`;
  link.href = `/photos/${tile.id}`;
  Object.assign(link.dataset, { photo: tile.id, state: tile.state });
  if (tile.medium ?? tile.large) addPicture(link, tile);
  else link.append(makeState(tile));
  return link;
}

function addPicture(link, tile) {
  const picture = make("img");
  picture.alt = tile.alt;
  picture.decoding = "async";
  picture.dataset.srcset = [source(tile, tile.medium, MEDIUM_PX), source(tile, tile.large, LARGE_PX)]
    .filter(Boolean)
    .join(", ");
  if (tile.thumbhash) picture.dataset.thumbhash = tile.thumbhash;
  link.append(picture);
  if (tile.is_favourite) {
    const mark = make("span", "tile-mark");
    mark.append(icon("heart"));
    link.append(mark);
  }
  if (tile.state !== "ready") {
    const over = make("span", "tile-over");
    over.textContent = tile.state_words;
    link.append(over);
  }
}

function source({ width, height }, url, most) {
  const share = Math.min(1, most / Math.max(width, height, 1));
  return url && `${url} ${Math.max(1, Math.round(width * share))}w`;
}

function makeState(tile) {
  const state = make("span", "tile-state");
  const words = make("span", "tile-words");
  const name = make("span", "aside");
  words.textContent = tile.state_words ?? "";
  name.textContent = tile.alt;
  state.append(icon(ICONS[tile.state] ?? "clock"), words);
  if (tile.reason) {
    const reason = make("span", "tile-reason");
    reason.textContent = tile.reason;
    state.append(reason);
  }
  state.append(name);
  return state;
}

// The symbols a tile may need stand in a template of the page.
function icon(name) {
  const symbol = document.getElementById("tile-icons").content.querySelector(`[data-icon="${name}"]`);
  return symbol.firstElementChild.cloneNode(true);
}

export function make(name, className = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  return element;
}
