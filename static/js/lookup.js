// Asks with a picture that is chosen or dropped. The browser makes it smaller first where it can read it; the
// server looks the file itself up by its hash.

import { csrfToken, pageOf } from "./api.js";
import { boot } from "./boot.js";
import { complain } from "./toasts.js";
import { Hasher } from "./upload/hash.js";

const SIDE = 1024;

export function start(form) {
  const input = form.querySelector("input[type=file]");
  form.querySelector("[data-choose]").addEventListener("click", () => input.click());
  input.addEventListener("change", () => input.files.length && ask(form, input.files[0]).catch(complain));
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
  const take = (transfer) => transfer?.files.length && ask(form, transfer.files[0]).catch(complain);
  addEventListener("drop", (event) => take(event.dataTransfer));
  addEventListener("paste", (event) => take(event.clipboardData));
}

async function ask(form, file) {
  const answer = document.getElementById("answer");
  answer.setAttribute("aria-busy", "true");
  try {
    const [picture, sha256] = await Promise.all([smaller(file), hashed(file)]);
    const body = new FormData();
    body.set("csrf_token", csrfToken());
    body.set("sha256", sha256);
    body.set("picture", picture, file.name || "picture");
    const page = await pageOf(form.action, body, { telling: 400 });
    answer.replaceChildren(...page.getElementById("answer").childNodes);
    boot(answer);
  } finally {
    answer.removeAttribute("aria-busy");
  }
}

async function hashed(file) {
  const hasher = new Hasher();
  try {
    return await hasher.hash(file);
  } finally {
    hasher.close();
  }
}

// The picture as a JPEG of at most 1,024 pixels; the file itself where this browser cannot read it.
async function smaller(file) {
  try {
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(whole.width, whole.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(whole.width * scale));
    canvas.height = Math.max(1, Math.round(whole.height * scale));
    canvas.getContext("2d").drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    return (await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9))) ?? file;
  } catch {
    return file;
  }
}
