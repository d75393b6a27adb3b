// The uploader plugin of our Uppy: hashes, offers, sends. Files go in groups, so that a thousand files cost
// a few questions; while one group is on its way the next one is hashed.

import { BasePlugin } from "../../vendor/uppy.js";
import { send } from "../api.js";
import { Hasher } from "./hash.js";
import { missingParts, patiently, transfer } from "./transfer.js";

const GROUPS = [3, 6, 12, 25, 50];
const AT_ONCE = 3;

export class Sender extends BasePlugin {
  #hasher = null;
  #aborts = new Map();
  #gate = Promise.resolve();
  #open = null;
  #line = Promise.resolve();

  constructor(uppy, options) {
    super(uppy, options);
    this.id = "Sender";
    this.type = "uploader";
    this.isPaused = false;
  }

  install() {
    this.uppy.addUploader(this.#run);
    this.uppy.on("file-removed", (file) => this.#abandon(file));
    const { capabilities } = this.uppy.getState();
    this.uppy.setState({ capabilities: { ...capabilities, individualCancellation: true, resumableUploads: true } });
  }

  pause() {
    if (this.isPaused) return;
    this.isPaused = true;
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
    for (const { controller } of this.#aborts.values()) controller.abort("paused");
  }

  resume() {
    this.isPaused = false;
    this.#open?.();
  }

  // Batches take their turn, so that ten drops do not send thirty files at once.
  #run = (ids) => {
    this.#line = this.#line.then(() => this.#runBatch(ids));
    return this.#line;
  };

  async #runBatch(ids) {
    let sending = Promise.resolve();
    let from = 0;
    for (let group = 0; from < ids.length; group++) {
      const size = GROUPS[Math.min(group, GROUPS.length - 1)];
      const files = ids.slice(from, from + size).map((id) => this.uppy.getFile(id));
      from += size;
      const offered = await this.#offer(files.filter((file) => file && !file.progress.uploadComplete && !file.failure));
      await sending;
      sending = this.#sendAll(offered);
    }
    await sending;
  }

  async #offer(files) {
    this.#hasher ??= new Hasher();
    const hashed = [];
    for (const file of files) {
      await this.#gate;
      if (!this.uppy.getFile(file.id)) continue;
      // the bytes are gone with a reload, and nobody knows what they were
      if (!file.data && !file.meta.sha256) continue;
      try {
        const sha256 = file.meta.sha256 ?? (await this.#hash(file));
        hashed.push({ file, sha256 });
      } catch (error) {
        this.#fail(file, error);
      }
    }
    const wanted = hashed.filter(({ file }) => this.uppy.getFile(file.id));
    if (!wanted.length) return [];
    const body = {
      files: wanted.map(({ file, sha256 }) => ({ name: file.name, size: file.size, type: file.type ?? "", sha256 })),
    };
    try {
      const answer = await patiently(() => send("POST", "/api/v1/uploads", body));
      const offered = wanted.map(({ file }, index) => ({ file, offer: answer.files[index] }));
      await this.#writeDown(offered);
      return offered;
    } catch (error) {
      for (const { file } of wanted) this.#fail(file, error);
      return [];
    }
  }

  // Before the first byte leaves, the browser remembers under which upload: after a reload what has arrived is
  // then known to be ours, not taken for a photo that was there before.
  async #writeDown(offered) {
    for (const { file, offer } of offered) {
      if (offer.status === "send" && this.uppy.getFile(file.id)) this.uppy.setFileMeta(file.id, { uploadId: offer.upload_id });
    }
    await this.opts.written();
  }

  async #hash(file) {
    this.opts.report(file.id, { phase: "hashing" });
    const sha256 = await this.#hasher.hash(file.data);
    if (this.uppy.getFile(file.id)) this.uppy.setFileMeta(file.id, { sha256 });
    return sha256;
  }

  async #sendAll(offered) {
    const queue = [...offered];
    const lane = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await this.#settle(next);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }

  async #settle({ file, offer }) {
    if (!this.uppy.getFile(file.id)) return;
    if (offer.status === "send") {
      if (file.data) await this.#send(file, offer);
    } else if (offer.status === "known" && file.meta.uploadId) {
      // it is known because this very upload was finished before a reload
      this.#succeed(file, { outcome: "sent", photoId: offer.photo_id });
    } else {
      const { status, reason, photo_id: photoId, in_trash: isInTrash } = offer;
      this.#succeed(file, { outcome: status, reason, photoId, isInTrash });
    }
  }

  async #send(file, offer) {
    let { parts } = offer;
    for (;;) {
      await this.#gate;
      if (!this.uppy.getFile(file.id)) return;
      const controller = new AbortController();
      const { signal } = controller;
      this.#aborts.set(file.id, { controller, uploadId: offer.upload_id });
      try {
        parts ??= await missingParts(offer.upload_id, signal);
        const progress = (bytes) => this.opts.report(file.id, { phase: "sending", bytes });
        const photo = await transfer(file.data, { ...offer, parts }, { signal, progress });
        return this.#succeed(file, { outcome: "sent", photoId: photo.id });
      } catch (error) {
        if (signal.reason === "removed") return;
        if (signal.reason === "paused") parts = null;
        else if (error.isRefusal) return this.#succeed(file, { outcome: "refused", reason: error.message });
        else return this.#fail(file, error);
      } finally {
        this.#aborts.delete(file.id);
      }
    }
  }

  #succeed(file, answer) {
    if (!this.uppy.getFile(file.id)) return;
    this.opts.report(file.id, { phase: "done", answer });
    this.uppy.emit("upload-success", this.uppy.getFile(file.id), { status: 200, ...answer });
  }

  // Not as an error of Uppy's, which would be tried again whenever other files join.
  #fail(file, error) {
    if (!this.uppy.getFile(file.id)) return;
    this.opts.report(file.id, { phase: "failed" });
    this.uppy.setFileState(file.id, { failure: error.message });
  }

  // A file taken out of the queue: stop it, and let the server forget what has arrived.
  #abandon(file) {
    this.#aborts.get(file.id)?.controller.abort("removed");
    const isOpen = file.meta.uploadId && !file.progress.uploadComplete;
    if (isOpen) send("DELETE", `/api/v1/uploads/${file.meta.uploadId}`).catch(() => {});
  }
}
