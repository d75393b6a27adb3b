// Numbers and states of the queue in words.

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];
const RATE_OVER_MS = 6000;

function sizeWords(bytes) {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`;
}

function timeWords(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function fileWords(item) {
  switch (item.state) {
    case "waiting":
      return `Waiting · ${sizeWords(item.size)}`;
    case "hashing":
      return "Looking whether you have it already";
    case "sending":
      return `${sizeWords(item.bytes ?? 0)} of ${sizeWords(item.size)}`;
    case "processing":
      return "Arrived, is being worked on";
    case "ready":
      return "Ready";
    case "known":
      return item.isInTrash ? "You have this photo already; it is in the trash" : "You have this photo already";
    case "missing":
      return "Choose this file again: only what is missing will be sent";
    case "failed":
      return `Did not arrive: ${item.reason}`;
    default:
      return item.reason ?? "";
  }
}

export function totals(items) {
  const sums = { files: items.length, bytes: 0, bytesDone: 0, todo: 0, failed: 0, missing: 0, known: 0, refused: 0, ready: 0, processing: 0 };
  for (const { state, size, bytes = 0 } of items) {
    sums.bytes += size;
    if (state === "sending") sums.bytesDone += bytes;
    if (state === "waiting" || state === "hashing" || state === "sending") sums.todo += 1;
    else sums[state] += 1;
    if (["known", "refused", "ready", "processing"].includes(state)) sums.bytesDone += size;
  }
  return sums;
}

export function isOver(sums) {
  return sums.todo === 0;
}

export function headline(sums, isPaused) {
  if (sums.todo) {
    const words = `${(sums.files - sums.todo).toLocaleString("en")} of ${sums.files.toLocaleString("en")}`;
    return isPaused ? `Paused at ${words}` : `Uploading ${words}`;
  }
  const arrived = sums.ready + sums.processing;
  return [
    arrived && `${arrived.toLocaleString("en")} ${arrived === 1 ? "photo has" : "photos have"} arrived`,
    sums.known && `${sums.known} known already`,
    sums.refused && `${sums.refused} refused`,
    sums.failed && `${sums.failed} failed`,
    sums.missing && `${sums.missing} to choose again`,
  ]
    .filter(Boolean)
    .join(", ");
}

export function progressLine(sums, perSecond) {
  if (!sums.todo) return sums.processing ? `${sums.processing} being worked on` : "";
  const parts = [`${sizeWords(sums.bytesDone)} of ${sizeWords(sums.bytes)}`];
  if (perSecond > 0) {
    parts.push(`${sizeWords(perSecond)}/s`, `${timeWords((sums.bytes - sums.bytesDone) / perSecond)} left`);
  }
  return parts.join(" · ");
}

// Bytes per second over the last few seconds.
export class Rate {
  #notes = [];

  note(bytes) {
    const now = performance.now();
    this.#notes.push({ now, bytes });
    while (this.#notes.length > 2 && now - this.#notes[0].now > RATE_OVER_MS) this.#notes.shift();
  }

  get perSecond() {
    const first = this.#notes[0];
    const last = this.#notes.at(-1);
    const milliseconds = last ? last.now - first.now : 0;
    return milliseconds > 500 ? Math.max(0, ((last.bytes - first.bytes) * 1000) / milliseconds) : 0;
  }
}
