// Which queue belongs to this tab. Each tab has its own, so that two tabs never send the same files; a queue
// whose tab has been closed for a while is taken over by the next page of the same person.

const KEY = "upload-queue";
const BEAT_MS = 3000;
const ORPHAN_MS = 12000;

export function person() {
  return document.body.dataset.person;
}

export function hasQueue() {
  return queueId(false) !== null;
}

// The id of this tab's queue; with `make` a new one if there is none.
export function queueId(make) {
  const mine = read(sessionStorage);
  if (mine?.person === person()) return mine.id;
  const left = read(localStorage);
  if (left?.person === person() && Date.now() - left.at > ORPHAN_MS) return keep(left.id);
  return make ? keep(`uploads-${Date.now()}-${Math.random().toString(36).slice(2)}`) : null;
}

export function keepBeating(id) {
  const beat = () => localStorage.setItem(KEY, JSON.stringify({ id, person: person(), at: Date.now() }));
  beat();
  return setInterval(beat, BEAT_MS);
}

export function giveUp() {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
}

function keep(id) {
  sessionStorage.setItem(KEY, JSON.stringify({ id, person: person() }));
  return id;
}

function read(store) {
  try {
    return JSON.parse(store.getItem(KEY));
  } catch {
    return null;
  }
}
