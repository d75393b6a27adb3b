// A photo that has just arrived stands on the timeline at once, from the file itself; `states` then turns it
// ready, and it joins its day if that is on the page. On the next visit it stands where it belongs.

const PREVIEWS = 24;

export function start(list) {
  let previews = 0;
  document.addEventListener("arrived", ({ detail: { photoId, name, file } }) => {
    if (document.getElementById(`photo-${photoId}`)) return;
    document.querySelector(".drop")?.remove();
    const tile = makeTile(photoId, name);
    gridOf(list).prepend(tile);
    // decoding a thousand originals would cost more than waiting for their renditions
    if (file && previews++ < PREVIEWS) preview(tile, file);
  });
  list.addEventListener("ready", ({ target, detail }) => settle(list, target, detail.taken_at));
}

function settle(list, tile, takenAt) {
  const day = list.querySelector(`[data-day="${takenAt.slice(0, 10)}"]`);
  const arrivals = tile.closest("[data-arrivals]");
  if (!day || !arrivals) return;
  const hasFocus = tile === document.activeElement;
  day.querySelector(".grid").prepend(tile);
  day.querySelector(".day-count span:not(.aside)").textContent = day.querySelectorAll(".tile").length;
  if (!arrivals.querySelector(".tile")) arrivals.remove();
  if (hasFocus) tile.focus({ preventScroll: true });
}

function gridOf(list) {
  const known = list.querySelector("[data-arrivals] .grid");
  if (known) return known;
  const section = make("section", "day");
  const head = make("div", "day-head");
  const title = make("h2");
  const grid = make("div", "grid");
  section.dataset.arrivals = "";
  title.textContent = "Just added";
  head.append(title);
  section.append(head, grid);
  list.prepend(section);
  return grid;
}

function makeTile(photoId, name) {
  const tile = make("a", "tile r56");
  const state = make("span", "tile-state");
  const words = make("span", "tile-words");
  const aside = make("span", "aside");
  tile.id = `photo-${photoId}`;
  tile.href = `/photos/${photoId}`;
  tile.dataset.photo = photoId;
  tile.dataset.state = "new";
  words.textContent = "Waiting";
  aside.textContent = name;
  state.append(words, aside);
  tile.append(state);
  return tile;
}

function preview(tile, file) {
  const picture = make("img");
  const url = URL.createObjectURL(file);
  picture.alt = "";
  picture.src = url;
  picture
    .decode()
    .then(() => {
      tile.querySelector(".tile-state")?.before(picture);
      tile.querySelector(".tile-state")?.classList.replace("tile-state", "tile-over");
    })
    .catch(() => {})
    .finally(() => URL.revokeObjectURL(url));
}

function make(name, className = "") {
  const element = document.createElement(name);
  element.className = className;
  return element;
}
