// SHA-256 of a file away from the page's thread. The browser's own is many times quicker, but is there only
// on secure addresses and wants the whole file at once.

import { sha256 } from "../../vendor/sha256.js";

const WHOLE_BYTES = 64 * 1024 * 1024;

addEventListener("message", async ({ data: { id, file } }) => {
  try {
    const digest = globalThis.crypto?.subtle && file.size <= WHOLE_BYTES ? await whole(file) : await streamed(file);
    postMessage({ id, sha256: hex(digest) });
  } catch (error) {
    postMessage({ id, error: String(error.message ?? error) });
  }
});

async function whole(file) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
}

async function streamed(file) {
  const hash = sha256.create();
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return hash.digest();
    hash.update(value);
  }
}

function hex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
