// One worker that hashes files one after another.

export class Hasher {
  #worker = new Worker(new URL("./hash-worker.js", import.meta.url), { type: "module" });
  #waiting = new Map();
  #next = 0;

  constructor() {
    this.#worker.addEventListener("message", ({ data: { id, sha256, error } }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Error("The file cannot be read any more. Choose it again."));
      else resolve(sha256);
    });
    this.#worker.addEventListener("error", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("The file cannot be hashed here."));
      this.#waiting.clear();
    });
  }

  // Hex digits of the file's SHA-256.
  hash(file) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, file });
    });
  }

  close() {
    this.#worker.terminate();
  }
}
