// Where the photos of a stretch stand: rows of one height that fill the width, days with a heading, short days
// side by side. Pure arithmetic, and the same that css/tiles.css does, so that the script can take over the
// first page from the server without moving anything.
//
// Metrics, in CSS pixels: { width, row, gap, head, dayGap, lineGap, leastDay }

// As in photos/web/present.py: aspect ratios in steps of 2.5 %, from 1:2 to 3:1.
const STEP = 1.025;
const LEAST_STEP = -28;
const MOST_STEP = 44;
const UNKNOWN_RATIO = 4 / 3;
const USUAL_RATIO = 1.25;
// A last row that is filled at least so far is stretched, a shorter one joins the row before it.
const FULL_ENOUGH = 0.6;

export function ratioOf({ width, height }) {
  const ratio = width && height ? width / height : UNKNOWN_RATIO;
  const step = Math.round(Math.log(ratio) / Math.log(STEP));
  return Number((STEP ** Math.max(LEAST_STEP, Math.min(MOST_STEP, step))).toFixed(4));
}

// The stretch as { height, days, left, top, width, height of each tile }. A day is { day, first, count, left, top,
// width, height, hasHead }. `isContinued`: the first day began before this stretch, so it gets no heading;
// `goesOn`: the last day may go on behind it, so its last row is made full; `lead`: room above.
export function layOut(tiles, metrics, { isContinued = false, goesOn = false, lead = 0 } = {}) {
  const boxes = {
    left: new Float64Array(tiles.length),
    top: new Float64Array(tiles.length),
    width: new Float64Array(tiles.length),
    tall: new Float64Array(tiles.length),
  };
  const ratios = tiles.map(ratioOf);
  const days = groupDays(tiles);
  let x = 0;
  let y = lead;
  let lineHeight = 0;
  for (const [index, day] of days.entries()) {
    day.hasHead = index > 0 || !isContinued;
    day.width = widthOfDay(ratios, day, metrics);
    if (x > 0 && x + day.width > metrics.width) {
      y += lineHeight + metrics.lineGap;
      x = lineHeight = 0;
    }
    day.left = x;
    day.top = y;
    day.height = placeDay(ratios, day, metrics, boxes, goesOn && index === days.length - 1);
    lineHeight = Math.max(lineHeight, day.height);
    x += day.width + metrics.dayGap;
  }
  return { ...boxes, days, height: y + lineHeight + metrics.lineGap };
}

// Height of so many photos of one month before anything else is known of them.
export function estimate(count, { width, row, gap, head, dayGap, lineGap, leastDay }) {
  const days = Math.min(30, Math.ceil(count * 0.7));
  const eachWidth = USUAL_RATIO * row + gap;
  const dayWidth = Math.max(leastDay, (count / days) * eachWidth);
  const rows = Math.ceil(dayWidth / width);
  if (rows > 1) return days * (head + rows * (row * 1.08 + gap) + lineGap);
  return Math.ceil(days / Math.max(1, Math.floor((width + dayGap) / (dayWidth + dayGap)))) * (head + row + lineGap);
}

// The tiles that lie between two heights of the stretch, as [first, behind the last].
export function tilesBetween({ top, tall }, from, to) {
  return [lowest(top.length, (index) => top[index] + tall[index] > from), lowest(top.length, (index) => top[index] >= to)];
}

// The tile above (-1) or below (1) tile `at`: of the next row there, the one whose middle is nearest. -1 if there is none.
export function tileInNextRow(layout, at, direction) {
  const middle = layout.left[at] + layout.width[at] / 2;
  const isThere = (index) => (layout.top[index] - layout.top[at]) * direction > 1;
  let start = at;
  while (start in layout.top && !isThere(start)) start += direction;
  return start in layout.top ? nearestInRow(layout, start, direction, middle) : -1;
}

// In the row that tile `at` is at the end of: the one nearest to `middle`.
export function nearestInRow(layout, at, direction, middle) {
  let best = at;
  const distance = (index) => Math.abs(layout.left[index] + layout.width[index] / 2 - middle);
  for (let index = at; index in layout.top && Math.abs(layout.top[index] - layout.top[at]) < 1; index += direction) {
    if (distance(index) < distance(best)) best = index;
  }
  return best;
}

function groupDays(tiles) {
  const days = [];
  for (const [index, { day }] of tiles.entries()) {
    if (days.at(-1)?.day === day) days.at(-1).count += 1;
    else days.push({ day, first: index, count: 1 });
  }
  return days;
}

function widthOfDay(ratios, { first, count }, { width, row, gap, leastDay }) {
  let natural = (count - 1) * gap;
  for (let index = first; index < first + count && natural <= width; index++) natural += ratios[index] * row;
  return Math.min(width, Math.max(leastDay, natural));
}

function placeDay(ratios, day, metrics, boxes, goesOn) {
  let y = day.hasHead ? metrics.head : 0;
  for (const { first, behind, isFull, sum } of rowsOf(ratios, day, metrics, goesOn)) {
    const room = day.width - (behind - first - 1) * metrics.gap;
    const tall = isFull || sum * metrics.row > room ? room / sum : metrics.row;
    let x = 0;
    for (let index = first; index < behind; index++) {
      boxes.left[index] = day.left + x;
      boxes.top[index] = day.top + y;
      boxes.width[index] = ratios[index] * tall;
      boxes.tall[index] = tall;
      x += boxes.width[index] + metrics.gap;
    }
    y += tall + metrics.gap;
  }
  return y - metrics.gap;
}

// As many tiles in a row as fit at the height `row`; all rows but the last are stretched.
function rowsOf(ratios, { first, count, width }, { row, gap }, goesOn) {
  const rows = [];
  const end = first + count;
  let begin = first;
  let sum = 0;
  for (let index = first; index < end; index++) {
    const natural = (sum + ratios[index]) * row + (index - begin) * gap;
    if (index > begin && natural > width + 0.01) {
      rows.push({ first: begin, behind: index, isFull: true, sum });
      begin = index;
      sum = 0;
    }
    sum += ratios[index];
  }
  const last = { first: begin, behind: end, isFull: false, sum };
  if (!goesOn) return [...rows, last];
  const fill = (sum * row) / width;
  if (fill >= FULL_ENOUGH) return [...rows, { ...last, isFull: true }];
  const before = rows.pop();
  if (!before) return [last];
  return [...rows, { first: before.first, behind: end, isFull: true, sum: before.sum + sum }];
}

function lowest(length, isFound) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isFound(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
