// One file to our upload API: its missing parts to their signed addresses, then `complete`. What was lost on
// the way is asked for again; nothing that has arrived is sent twice.

import { ApiError, send } from "../api.js";

const ATTEMPTS = 8;
const LONGEST_WAIT_MS = 30000;
// A store elsewhere that has not answered so often, while the library does, will not answer soon.
const STORE_ATTEMPTS = 4;
const SILENT_STORE =
  "The store of the photos does not answer this browser. Try again later. Whoever runs Bigimage can ask `flask bucket` why.";

// What became of one part on its way to the store.
class PartError extends ApiError {
  get isRefusal() {
    return false;
  }
}

// Sends the parts of `offer` and returns the photo. `progress` hears how many bytes of the file have arrived.
export async function transfer(file, offer, { signal, progress }) {
  let { parts } = offer;
  for (let attempt = 1; ; attempt++) {
    try {
      await sendParts(file, offer, parts, { signal, progress });
      return await patiently(() => send("POST", `/api/v1/uploads/${offer.upload_id}/complete`, {}, { signal }), signal);
    } catch (error) {
      // an address that has run out, a part that got lost, or all of them: ask what is still missing
      const isStale = error instanceof PartError ? !error.isPassing : error.status === 409;
      if (!isStale || attempt === ATTEMPTS) throw error;
      parts = await missingParts(offer.upload_id, signal);
    }
  }
}

export async function missingParts(uploadId, signal) {
  const upload = await patiently(() => send("GET", `/api/v1/uploads/${uploadId}`, undefined, { signal }), signal);
  return upload.parts;
}

// Repeats what may succeed later: without end while the network is away, a few times when the server is busy.
export async function patiently(act, signal) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act(attempt);
    } catch (error) {
      const isHopeless = !error.isPassing || (error.status !== 0 && attempt === ATTEMPTS);
      if (isHopeless || signal?.aborted) throw error;
      const wait = Math.min(500 * 2 ** attempt, LONGEST_WAIT_MS) * (0.7 + 0.6 * Math.random());
      await pause(Math.max(wait, error.retryAfterSeconds * 1000), signal);
    }
  }
}

async function sendParts(file, offer, parts, { signal, progress }) {
  const missing = parts.reduce((sum, part) => sum + part.size, 0);
  let arrived = file.size - missing;
  progress(arrived);
  for (const part of parts) {
    const from = (part.number - 1) * offer.part_size;
    const body = file.slice(from, from + part.size);
    await patiently(async (attempt) => {
      try {
        await put(part.url, body, signal, (loaded) => progress(arrived + loaded));
      } catch (error) {
        if (error.status === 0 && attempt >= STORE_ATTEMPTS && isElsewhere(part.url)) await blameStore(offer, signal);
        throw error;
      }
    }, signal);
    arrived += part.size;
    progress(arrived);
  }
}

// Throws unless our own server is out of reach too. A store whose rules do not name this page looks to scripts
// like one that is down.
async function blameStore(offer, signal) {
  try {
    await send("GET", `/api/v1/uploads/${offer.upload_id}`, undefined, { signal });
  } catch {
    return;
  }
  throw new ApiError(424, { detail: SILENT_STORE });
}

function isElsewhere(url) {
  return new URL(url, location.href).origin !== location.origin;
}

// XMLHttpRequest, because fetch does not say how much has been sent.
function put(url, body, signal, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("PUT", url);
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("load", () => {
      if (!isElsewhere(url)) document.dispatchEvent(new CustomEvent("reached"));
      if (request.status < 300) resolve();
      else reject(new PartError(request.status, { detail: "A part of the file was not taken." }));
    });
    request.addEventListener("error", () => {
      if (!isElsewhere(url)) document.dispatchEvent(new CustomEvent("unreachable"));
      reject(new PartError(0, { detail: "The library cannot be reached." }));
    });
    request.addEventListener("abort", () => reject(new DOMException("Aborted", "AbortError")));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", abort));
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    request.send(body);
  });
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal?.addEventListener("abort", stop);
    function stop() {
      forget();
      reject(new DOMException("Aborted", "AbortError"));
    }
    function done() {
      forget();
      resolve();
    }
    function forget() {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal?.removeEventListener("abort", stop);
    }
  });
}
