// Turning answers at once: the picture that is there is turned until the new one has come. Undo turns it back.

import { send } from "../api.js";
import { announce, complain, toast } from "../toasts.js";
import { stageOf } from "./stage.js";

const WORDS = { 90: "to the right", 180: "upside down", 270: "to the left" };

export function start(form) {
  const article = form.closest(".photo");
  show(article);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    turnTo(article, Number(event.submitter.value));
  });
}

async function turnTo(article, degrees, { isUndo = false } = {}) {
  const before = Number(article.dataset.turn);
  const by = (degrees - before + 360) % 360;
  article.dataset.turn = degrees;
  show(article);
  try {
    await send("POST", `/api/v1/photos/${article.dataset.photo}/turn`, { degrees });
  } catch (error) {
    article.dataset.turn = before;
    show(article);
    return complain(error);
  }
  article.dispatchEvent(new CustomEvent("turned", { bubbles: true }));
  if (isUndo) announce("Turned back");
  else toast(`Turned ${WORDS[by]}.`, { undo: () => undo(article.dataset.photo, before) });
}

// The reader may look at another photo by now.
function undo(photoId, degrees) {
  const article = document.querySelector(`.photo[data-photo="${CSS.escape(photoId)}"]`);
  if (article) return turnTo(article, degrees, { isUndo: true });
  return send("POST", `/api/v1/photos/${photoId}/turn`, { degrees }).catch(complain);
}

// Turns what is shown by as much as it lags behind, and makes it fit.
function show(article) {
  const { turn, turnMade } = article.dataset;
  for (const button of article.querySelectorAll("[data-turn-by]")) {
    button.value = (Number(turn) + Number(button.dataset.turnBy)) % 360;
  }
  const stage = article.querySelector(".stage");
  const print = stage.querySelector(".print");
  if (!print) return;
  const lag = (Number(turn) - Number(turnMade) + 360) % 360;
  if (!lag) {
    if (print.dataset.turning) print.style.transform = "";
    delete print.dataset.turning;
    return;
  }
  stageOf(stage)?.fit();
  print.dataset.turning = lag;
  const room = { width: stage.clientWidth, height: stage.clientHeight };
  const [width, height] = lag === 180 ? [print.offsetWidth, print.offsetHeight] : [print.offsetHeight, print.offsetWidth];
  const scale = Math.min(1, room.width / width, room.height / height);
  print.style.transform = `rotate(${lag}deg) scale(${scale})`;
}
