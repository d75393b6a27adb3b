// The one way scripts talk to the server: JSON in, JSON out, problems as ApiError.

export class ApiError extends Error {
  constructor(status, problem, retryAfterSeconds = 0) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? "";
    this.retryAfterSeconds = retryAfterSeconds;
  }

  // Whether the server has read what was sent, and will never take it.
  get isRefusal() {
    return this.status === 400 || this.status === 422;
  }

  // Whether the same request may succeed later.
  get isPassing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]').content;
}

export async function send(method, path, body, { signal, keepalive = false, headers: more = {} } = {}) {
  const headers = { ...more, Accept: "application/json", "X-CSRF-Token": csrfToken() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await reach(path, { method, headers, signal, keepalive, body: body && JSON.stringify(body) });
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : response.json();
}

// A page as a document, to take a part out of it.
export async function page(address, { signal } = {}) {
  const response = await reach(address, { headers: { Accept: "text/html" }, signal });
  if (!response.ok) throw await problemOf(response);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

// Sends a form as the browser would, and gives the page that follows as a document.
export function submit(form, submitter) {
  return pageOf(form.action, new URLSearchParams(new FormData(form, submitter)));
}

// The page that follows a form's content. `telling` is a status with which a page says what is wrong with it.
export async function pageOf(action, body, { telling } = {}) {
  const response = await reach(action, { method: "POST", body });
  if (!response.ok && response.status !== telling) throw await problemOf(response);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

async function reach(address, options) {
  try {
    const response = await fetch(address, { credentials: "same-origin", ...options });
    document.dispatchEvent(new CustomEvent("reached"));
    return response;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    document.dispatchEvent(new CustomEvent("unreachable"));
    throw new ApiError(0, { detail: "The library cannot be reached." });
  }
}

async function problemOf(response) {
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return new ApiError(response.status, isJson ? await response.json() : {}, retryAfter);
}
