// A box drawn on the map, after a press on its button or with Shift held: whoever listens gets its edges.

const LEAST_PX = 8; // less is a click

export function listenForBoxes(map, button, take) {
  const place = map.getContainer();
  let from = null;
  let rubber = null;

  const arm = (isArmed) => {
    place.toggleAttribute("data-drawing", isArmed);
    button.setAttribute("aria-pressed", String(isArmed));
    if (isArmed) map.dragging.disable();
    else map.dragging.enable();
  };
  const end = () => {
    rubber?.remove();
    from = rubber = null;
    arm(false);
  };
  button.addEventListener("click", () => arm(!place.hasAttribute("data-drawing")));
  place.addEventListener(
    "pointerdown",
    (event) => {
      const isFree = event.button === 0 && !event.target.closest(".leaflet-control, .cluster");
      if (!isFree || !(event.shiftKey || place.hasAttribute("data-drawing"))) return;
      event.preventDefault();
      arm(true);
      place.setPointerCapture(event.pointerId);
      from = pointOf(event, place);
      rubber = document.createElement("div");
      rubber.className = "map-rubber";
      place.append(rubber);
    },
    { capture: true },
  );
  place.addEventListener("pointermove", (event) => from && stretch(rubber, from, pointOf(event, place)));
  place.addEventListener("pointerup", (event) => {
    if (!from) return;
    const to = pointOf(event, place);
    const corners = [from, to].map(({ x, y }) => map.containerPointToLatLng([x, y]));
    const isBox = Math.abs(to.x - from.x) >= LEAST_PX && Math.abs(to.y - from.y) >= LEAST_PX;
    end();
    if (isBox) take(edgesAround(corners));
  });
  place.addEventListener("pointercancel", end);
  document.addEventListener("keydown", (event) => event.key === "Escape" && place.hasAttribute("data-drawing") && end());
}

function edgesAround(corners) {
  const [latitudes, longitudes] = [corners.map(({ lat }) => lat), corners.map(({ lng }) => lng)];
  return {
    south: Math.min(...latitudes), west: Math.min(...longitudes),
    north: Math.max(...latitudes), east: Math.max(...longitudes),
  };
}

function pointOf({ clientX, clientY }, place) {
  const box = place.getBoundingClientRect();
  return { x: Math.min(Math.max(clientX - box.left, 0), box.width), y: Math.min(Math.max(clientY - box.top, 0), box.height) };
}

function stretch(rubber, from, to) {
  const box = {
    left: Math.min(from.x, to.x), top: Math.min(from.y, to.y),
    width: Math.abs(to.x - from.x), height: Math.abs(to.y - from.y),
  };
  for (const [side, pixels] of Object.entries(box)) rubber.style[side] = `${pixels}px`;
}
