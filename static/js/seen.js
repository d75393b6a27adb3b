// Coming back from a photo, its tile has the focus and is in sight. Whoever comes another way, by a search or by the
// rail, begins at the top.

const LEAVING = "leaving";

// Notes that what follows is the way back.
export function noteWayBack() {
  sessionStorage.setItem(LEAVING, "yes");
}

// The id of the photo that the reader comes back from, told once; null for whoever does not.
export function takeSeen() {
  const isBack = sessionStorage.getItem(LEAVING) ?? isByBrowser();
  const id = sessionStorage.getItem("seen");
  sessionStorage.removeItem(LEAVING);
  sessionStorage.removeItem("seen");
  return isBack ? id : null;
}

export function start(root) {
  const id = takeSeen();
  const tile = id && document.getElementById(`photo-${id}`);
  if (!tile || !root.contains(tile)) return;
  tile.focus({ preventScroll: true });
  const box = tile.getBoundingClientRect();
  if (box.bottom < 80 || box.top > innerHeight - 80) tile.scrollIntoView({ block: "center" });
}

function isByBrowser() {
  return performance.getEntriesByType("navigation")[0]?.type === "back_forward";
}
