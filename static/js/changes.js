// Changes to many photos: asks for one, shows how far it is, says what became of it, and offers the way back.

import { send } from "./api.js";
import { complain, toast } from "./toasts.js";

const LOOK_MS = 400;
const CHANGES = "/api/v1/changes";

// Makes changes to the same photos, one after the other: [{ action, ...values }]. Tells when all are over.
export async function changePhotos(ids, wanted) {
  const made = [];
  try {
    for (const each of wanted) {
      const body = { ...each, photos: { ids } };
      made.push(await finished(await ask(CHANGES, body)));
    }
  } catch (error) {
    complain(error);
  }
  if (!made.length) return;
  document.dispatchEvent(new CustomEvent("photos-changed", { detail: { ids } }));
  tell(made, ids);
}

// The same request may be sent again after a lost answer: its key says that it is the same.
async function ask(path, body) {
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  try {
    return await send("POST", path, body, { headers: { "Idempotency-Key": key } });
  } catch (error) {
    if (error.status !== 0) throw error;
    return send("POST", path, body, { headers: { "Idempotency-Key": key } });
  }
}

// The change when it is over; a line with a bar shows how far it is until then.
async function finished(change) {
  let now = change;
  let line = null;
  while (now.state === "waiting" || now.state === "working") {
    line ??= progressLine();
    line.show(now);
    await new Promise((go) => setTimeout(go, LOOK_MS));
    now = await send("GET", `${CHANGES}/${now.id}`);
  }
  line?.remove();
  return now;
}

function tell(made, ids) {
  const words = made.map((change) => change.words).join("; ");
  const failed = made.find((change) => change.failed);
  const undoable = made.filter((change) => change.can_undo);
  toast(words, {
    undo: undoable.length ? () => undo(undoable, ids).catch(complain) : null,
    link: failed && { href: `/changes/${failed.id}`, words: "See why" },
    role: failed ? "alert" : "status",
  });
}

async function undo(made, ids) {
  const undone = [];
  for (const change of made.toReversed()) {
    undone.push(await finished(await send("POST", `${CHANGES}/${change.id}/undo`)));
  }
  document.dispatchEvent(new CustomEvent("photos-changed", { detail: { ids } }));
  tell(undone, ids);
}

function progressLine() {
  const element = document.createElement("div");
  element.className = "toast toast-progress";
  element.setAttribute("role", "status");
  const words = document.createElement("p");
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", "Photos that are over");
  element.append(words, bar);
  document.getElementById("toasts").replaceChildren(element);
  return {
    show(change) {
      words.textContent = change.words;
      bar.max = change.total;
      bar.value = change.done + change.failed;
    },
    remove: () => element.remove(),
  };
}
