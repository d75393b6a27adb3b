// Coming back from a photo or another page, the grid is exactly where it was left: the place is kept with the
// entry of the history. Pages that the browser has kept whole (bfcache) need none of this.

const LATER_MS = 200;

export function keepPlaces(grid) {
  let timer = 0;
  const remember = () => {
    clearTimeout(timer);
    const place = scrollY > 0 ? grid.place() : null;
    history.replaceState({ ...history.state, place, current: grid.table.current }, "");
  };
  history.scrollRestoration = "manual";
  addEventListener("scroll", () => {
    clearTimeout(timer);
    timer = setTimeout(remember, LATER_MS);
  }, { passive: true });
  addEventListener("pagehide", remember);
  grid.root.addEventListener("photo-open", remember);
}

// The place this page was left at, or null.
export function rememberedPlace() {
  return history.state?.place ?? null;
}
