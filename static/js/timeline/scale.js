// The axis of the scrubber. Each month takes room by the square root of its photos, so that seventy thousand
// photos of one month do not push the other years out of reach. Pure.
//
// A place on the axis is a share, 0 for the newest photo and 1 for the oldest.

const LEAST_PX = 3; // a month with few photos is seen as well

export function makeScale(months) {
  const total = months.reduce((sum, [, count]) => sum + Math.sqrt(count), 0) || 1;
  let from = 0;
  const steps = months.map(([month, count]) => {
    const step = { month, count, from, to: from + Math.sqrt(count) / total };
    from = step.to;
    return step;
  });
  if (steps.length) steps.at(-1).to = 1;
  return steps;
}

// The month at a share of the axis, and how far into it: { step, index, within }.
export function placeAt(scale, share) {
  const index = Math.max(0, scale.findLastIndex((step) => step.from <= share));
  const step = scale[index];
  return { step, index, within: Math.min(1, Math.max(0, (share - step.from) / (step.to - step.from))) };
}

export function shareOf(scale, month, within) {
  const step = scale.find((one) => one.month === month);
  return step ? step.from + (step.to - step.from) * Math.min(1, Math.max(0, within)) : 0;
}

// Where the names of years stand: [{ year, share }], none nearer to another than `least`.
export function yearMarks(scale, least) {
  const marks = [];
  for (const { month, from } of scale) {
    const year = month.slice(0, 4);
    if (year === marks.at(-1)?.year) continue;
    if (marks.length && from - marks.at(-1).share < least) continue;
    marks.push({ year, share: from });
  }
  return marks.filter(({ share }) => share <= 1 - least / 2);
}

// How many photos there are, as the path of a shape: `width` wide at the fullest month, `height` tall.
export function densityPath(scale, width, height) {
  const most = Math.max(1, ...scale.map(({ count }) => Math.sqrt(count)));
  const points = scale.flatMap(({ count, from, to }) => {
    const x = width - Math.max(LEAST_PX, (Math.sqrt(count) / most) * width);
    return [`L${x.toFixed(1)} ${(from * height).toFixed(1)}`, `L${x.toFixed(1)} ${(to * height).toFixed(1)}`];
  });
  return points.length ? `M${width} 0${points.join("")}L${width} ${height}Z` : "";
}
