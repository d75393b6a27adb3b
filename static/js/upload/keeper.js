// What of the queue survives a reload: a record of each file and, as far as there is room, its bytes, in the
// browser's database. One transaction says that a file is sent and forgets its bytes.

const DATABASE = "bigimage-uploads";
const RECORDS = "records";
const BYTES = "bytes";
const WRITE_AFTER_MS = 150;
const READ_AT_ONCE = 200;
const KEEP_MS = 24 * 60 * 60 * 1000;
// A file that takes minutes to send is quicker chosen again than copied here.
const LARGEST_BYTES = 64 * 1024 * 1024;
const MOST_BYTES = 2 * 1024 * 1024 * 1024;
const GROUP_FILES = 50;
const GROUP_BYTES = 16 * 1024 * 1024;

export class Keeper {
  #uppy;
  #queue;
  #database;
  #changed = new Set();
  #unkept = new Map();
  #kept = new Map();
  #places = new Map();
  #next = 0;
  #room = MOST_BYTES;
  #timer = 0;
  #line = Promise.resolve();
  #copying = false;

  constructor(uppy) {
    this.#uppy = uppy;
    this.#queue = uppy.getID();
    this.#database = open().catch((error) => {
      console.warn("Uploads do not survive a reload here:", error);
      return null;
    });
  }

  // Puts the files of an earlier page back into the queue; those without their bytes as ghosts.
  async restore() {
    const database = await this.#database;
    if (database) {
      const records = [...(await this.#read(database, RECORDS)).values()].sort((one, other) => one.place - other.place);
      const isOver = records.every(({ file }) => file.progress.uploadComplete);
      if (isOver) await this.clear();
      else this.#putBack(records, await this.#read(database, BYTES));
    }
    this.#uppy.on("state-update", (before, after) => this.#note(before.files, after.files));
  }

  #putBack(records, bytes) {
    const files = {};
    for (const { file, place } of records) {
      const data = bytes.get(file.id);
      if (data) this.#count(file.id, data.size);
      this.#places.set(file.id, place);
      files[file.id] = { ...file, data, isGhost: !data && !file.progress.uploadComplete };
    }
    this.#next = records.at(-1).place + 1;
    this.#uppy.setState({ files });
  }

  // Kept when everything known by now is written.
  written() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const ids = [...this.#changed];
    this.#changed.clear();
    if (ids.length) this.#line = this.#line.then(() => this.#record(ids)).catch(console.warn);
    return this.#line;
  }

  // Forgets the whole queue.
  async clear() {
    this.#changed.clear();
    this.#unkept.clear();
    await this.#line;
    const database = await this.#database;
    if (!database) return;
    const change = database.transaction([RECORDS, BYTES], "readwrite");
    for (const name of [RECORDS, BYTES]) change.objectStore(name).delete(this.#range());
    await done(change);
  }

  #note(before, after) {
    if (before === after) return;
    for (const id in after) {
      if (before[id] === after[id]) continue;
      this.#changed.add(id);
      if (after[id].data && !this.#kept.has(id) && !after[id].progress.uploadComplete) this.#unkept.set(id, after[id].size);
    }
    for (const id in before) if (!after[id]) this.#changed.add(id);
    this.#timer ||= setTimeout(() => this.written(), WRITE_AFTER_MS);
    this.#copy().catch(console.warn);
  }

  async #record(ids) {
    const database = await this.#database;
    if (!database) return;
    const { files } = this.#uppy.getState();
    const change = database.transaction([RECORDS, BYTES], "readwrite", { durability: "relaxed" });
    for (const id of ids) {
      const file = files[id];
      const key = [this.#queue, id];
      if (file) change.objectStore(RECORDS).put({ file: recordOf(file), place: this.#placeOf(id), at: Date.now() }, key);
      else change.objectStore(RECORDS).delete(key);
      if (file && !file.progress.uploadComplete) continue;
      change.objectStore(BYTES).delete(key);
      this.#unkept.delete(id);
      this.#room += this.#kept.get(id) ?? 0;
      this.#kept.delete(id);
    }
    await done(change);
  }

  // Copies bytes group by group, small files first: each of them saves a choice.
  async #copy() {
    if (this.#copying) return;
    this.#copying = true;
    try {
      await this.#database;
      while (this.#unkept.size) {
        await this.written();
        await this.#keep(this.#nextGroup());
      }
    } finally {
      this.#copying = false;
    }
  }

  #nextGroup() {
    const bySize = [...this.#unkept].sort(([, one], [, other]) => one - other);
    const group = [];
    let bytes = 0;
    for (const [id, size] of bySize) {
      if (group.length === GROUP_FILES || (bytes && bytes + size > GROUP_BYTES)) break;
      this.#unkept.delete(id);
      if (size > LARGEST_BYTES || bytes + size > this.#room) continue;
      bytes += size;
      group.push(id);
    }
    return group;
  }

  async #keep(ids) {
    const database = await this.#database;
    if (!database || !ids.length) return;
    const change = database.transaction(BYTES, "readwrite", { durability: "relaxed" });
    for (const id of ids) {
      const file = this.#uppy.getFile(id);
      if (!file?.data || file.progress.uploadComplete) continue;
      this.#count(id, file.size);
      change.objectStore(BYTES).put(file.data, [this.#queue, id]);
    }
    await done(change).catch((error) => {
      // the disk is full: what is there stays, no more comes
      this.#unkept.clear();
      this.#room = 0;
      throw error;
    });
  }

  // Files keep the order in which they came.
  #placeOf(id) {
    if (!this.#places.has(id)) this.#places.set(id, this.#next++);
    return this.#places.get(id);
  }

  #count(id, size) {
    this.#kept.set(id, size);
    this.#room -= size;
  }

  // A few hundred at a time, so that the page stays responsive.
  async #read(database, name) {
    const found = new Map();
    let range = this.#range();
    for (;;) {
      const store = database.transaction(name).objectStore(name);
      const [keys, values] = await Promise.all([
        answer(store.getAllKeys(range, READ_AT_ONCE)),
        answer(store.getAll(range, READ_AT_ONCE)),
      ]);
      keys.forEach(([, id], index) => found.set(id, values[index]));
      if (keys.length < READ_AT_ONCE) return found;
      range = IDBKeyRange.bound(keys.at(-1), [this.#queue, []], true);
    }
  }

  #range() {
    // an array is larger than any text
    return IDBKeyRange.bound([this.#queue], [this.#queue, []]);
  }
}

// All that Uppy knows of a file but its bytes.
function recordOf(file) {
  const record = { ...file };
  delete record.data;
  delete record.preview;
  return record;
}

async function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.addEventListener("upgradeneeded", () => {
    request.result.createObjectStore(RECORDS).createIndex("at", "at");
    request.result.createObjectStore(BYTES);
  });
  const database = await answer(request);
  await forgetOld(database);
  return database;
}

async function forgetOld(database) {
  const change = database.transaction([RECORDS, BYTES], "readwrite");
  const old = IDBKeyRange.upperBound(Date.now() - KEEP_MS);
  const keys = await answer(change.objectStore(RECORDS).index("at").getAllKeys(old));
  for (const key of keys) for (const name of [RECORDS, BYTES]) change.objectStore(name).delete(key);
  await done(change);
}

function answer(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}

function done(transaction) {
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(transaction.error));
  });
}
