// The upload queue of this tab: Uppy holds the files, our Keeper brings them back after a reload, our Sender
// sends them, this module knows how far each file is, and the panel shows it.

import { Uppy } from "../../vendor/uppy.js";
import { send } from "../api.js";
import { announce } from "../toasts.js";
import { Keeper } from "./keeper.js";
import { giveUp, keepBeating, queueId } from "./owner.js";
import { Panel } from "./panel.js";
import { Sender } from "./sender.js";

const ASK_MS = 1500;
const ASK_AT_ONCE = 200;
// Uppy copies its whole list for each file that joins: the page gets its turn after every few.
const ADD_AT_ONCE = 20;

let opened = null;

// The one queue of this page, made when it is first needed.
export function openQueue() {
  opened ??= new Queue().restored;
  return opened;
}

class Queue extends EventTarget {
  #uppy;
  #keeper;
  #sender;
  #steps = new Map();
  #processing = new Map();
  #timer = 0;
  #beat;

  constructor() {
    super();
    const id = queueId(true);
    this.#beat = keepBeating(id);
    this.#uppy = new Uppy({ id, onBeforeFileAdded: isWanted });
    this.#keeper = new Keeper(this.#uppy);
    const written = () => this.#keeper.written();
    this.#uppy.use(Sender, { written, report: (fileId, step) => this.#step(fileId, step) });
    this.#sender = this.#uppy.getPlugin("Sender");
    this.#uppy.on("upload-success", () => this.#changed());
    this.#uppy.on("complete", () => this.#goOn());
    this.restored = this.#restore();
  }

  get isPaused() {
    return this.#sender.isPaused;
  }

  // How every file stands, in the order they came.
  get items() {
    return this.#uppy.getFiles().map((file) => ({ id: file.id, name: file.name, size: file.size, data: file.data, ...this.#standing(file) }));
  }

  async add(files) {
    if (!files.length) return;
    announce(`${files.length} ${files.length === 1 ? "file" : "files"} in the queue`);
    for (let from = 0; from < files.length; from += ADD_AT_ONCE) {
      const some = files.slice(from, from + ADD_AT_ONCE);
      this.#uppy.addFiles(some.map((file) => ({ name: file.name, type: file.type, data: file, source: "page" })));
      if (!from) this.#send();
      this.#changed();
      await new Promise((resolve) => {
        setTimeout(resolve);
      });
    }
    this.#send();
  }

  pause() {
    this.#sender.pause();
    this.#changed();
  }

  resume() {
    this.#sender.resume();
    this.#changed();
  }

  retry(id) {
    this.#steps.delete(id);
    this.#uppy.setFileState(id, { failure: null });
    this.#send();
    this.#changed();
  }

  retryAll() {
    for (const file of this.#uppy.getFiles()) {
      if (!file.failure) continue;
      this.#steps.delete(file.id);
      this.#uppy.setFileState(file.id, { failure: null });
    }
    this.#send();
    this.#changed();
  }

  cancel(id) {
    this.#uppy.removeFile(id);
    this.#steps.delete(id);
    this.#changed();
  }

  // Everything that is not sent yet leaves the queue; with nothing left to send the queue is emptied.
  clear() {
    this.resume();
    this.#uppy.cancelAll();
    this.#steps.clear();
    this.#processing.clear();
    this.#keeper.clear().catch(console.warn);
    clearInterval(this.#beat);
    giveUp();
    opened = null;
    this.dispatchEvent(new Event("closed"));
  }

  async restore(id) {
    const answer = this.#steps.get(id)?.answer ?? this.#uppy.getFile(id).response;
    await send("POST", `/api/v1/photos/${answer.photoId}/restore`, {});
    this.#step(id, { answer: { ...answer, isInTrash: false } });
  }

  async #restore() {
    await this.#keeper.restore().catch(console.warn);
    new Panel(this);
    for (const file of this.#uppy.getFiles()) {
      if (file.response?.outcome === "sent") this.#watch(file.response.photoId, file.id);
    }
    if (this.#uppy.getFiles().length) this.#send();
    return this;
  }

  // Files that came, or were chosen again, while others were being sent.
  #goOn() {
    const waiting = this.#uppy.getFiles().filter((file) => file.data && !file.progress.uploadComplete && !file.failure);
    if (waiting.length) this.#send();
    this.#changed();
  }

  // What fails says so file by file.
  #send() {
    this.#uppy.upload().catch(() => {});
  }

  #step(fileId, step) {
    this.#steps.set(fileId, { ...this.#steps.get(fileId), ...step });
    if (step.answer?.outcome === "sent") this.#arrived(this.#uppy.getFile(fileId), step.answer);
    this.#changed();
  }

  #standing(file) {
    const step = this.#steps.get(file.id);
    const response = step?.answer ?? file.response;
    if (response?.outcome === "known") return { state: "known", photoId: response.photoId, isInTrash: response.isInTrash };
    if (response?.outcome === "refused") return { state: "refused", reason: response.reason };
    if (response?.outcome === "sent") {
      const known = step?.state ?? "processing";
      return { state: known, photoId: response.photoId, reason: step?.reason, picture: step?.picture };
    }
    if (file.isGhost || !file.data) return { state: "missing" };
    if (file.failure) return { state: "failed", reason: file.failure };
    if (step?.phase === "sending") return { state: "sending", bytes: step.bytes };
    return { state: step?.phase === "hashing" ? "hashing" : "waiting" };
  }

  #arrived(file, { photoId }) {
    this.#watch(photoId, file.id);
    const detail = { photoId, name: file.name, file: file.data };
    document.dispatchEvent(new CustomEvent("arrived", { detail }));
  }

  #watch(photoId, fileId) {
    // files with the same bytes are one photo
    this.#processing.set(photoId, [...(this.#processing.get(photoId) ?? []), fileId]);
    if (!this.#timer) this.#timer = setTimeout(() => this.#ask(), ASK_MS);
  }

  async #ask() {
    const ids = [...this.#processing.keys()].slice(0, ASK_AT_ONCE);
    const answer = await send("GET", `/api/v1/photos/states?ids=${ids.join(",")}`).catch(() => ({ items: [] }));
    for (const { id, state, reason } of answer.items) {
      if (state !== "ready" && state !== "refused") continue;
      for (const fileId of this.#processing.get(id)) this.#step(fileId, { state, reason });
      this.#processing.delete(id);
    }
    this.#timer = this.#processing.size ? setTimeout(() => this.#ask(), ASK_MS) : 0;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

function isWanted(file) {
  return !file.name.startsWith(".") && file.name !== "Thumbs.db" && file.name !== "desktop.ini";
}
