// Zoom and pan as numbers. A view is { scale, x, y }: how much larger than fitted, and by how many pixels the left
// top corner is moved. A frame is { left, top, width, height } of the fitted picture in a room { roomWidth, roomHeight }.

export const FITTED = { scale: 1, x: 0, y: 0 };

// As large or small as the frame allows, with the point of the picture under (x, y) of the room kept there.
export function zoomed(view, factor, point, frame) {
  const scale = Math.min(frame.most, Math.max(1, view.scale * factor));
  const ratio = scale / view.scale;
  const x = point.x - frame.left - (point.x - frame.left - view.x) * ratio;
  const y = point.y - frame.top - (point.y - frame.top - view.y) * ratio;
  return within({ scale, x, y }, frame);
}

export function moved(view, across, down, frame) {
  return within({ ...view, x: view.x + across, y: view.y + down }, frame);
}

// No edge of a picture larger than the room comes inside it; a smaller one stays in the middle.
export function within(view, frame) {
  return {
    scale: view.scale,
    x: bounded(view.x, frame.left, frame.width * view.scale, frame.roomWidth),
    y: bounded(view.y, frame.top, frame.height * view.scale, frame.roomHeight),
  };
}

function bounded(offset, start, length, room) {
  if (length <= room) return (room - length) / 2 - start;
  return Math.min(-start, Math.max(room - length - start, offset));
}
