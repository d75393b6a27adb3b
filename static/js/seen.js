// Coming back from a photo, its tile has the focus and is in sight.

export function start(root) {
  const id = sessionStorage.getItem("seen");
  sessionStorage.removeItem("seen");
  const tile = id && document.getElementById(`photo-${id}`);
  if (!tile || !root.contains(tile)) return;
  tile.focus({ preventScroll: true });
  const box = tile.getBoundingClientRect();
  if (box.bottom < 80 || box.top > innerHeight - 80) tile.scrollIntoView({ block: "center" });
}
