// A page that a part did not answer for comes by itself as soon as every part answers again.

const ASK_EVERY_MS = 5000;

export function start() {
  const ask = async () => {
    const answer = document.hidden ? null : await fetch("/ready", { cache: "no-store" }).catch(() => null);
    if (answer?.ok) location.reload();
    else setTimeout(ask, ASK_EVERY_MS);
  };
  setTimeout(ask, ASK_EVERY_MS);
}
