// What has to be known before the page is drawn: a plain script in the head, since modules run later.
//
// That scripts run: what stands for them never shows. That the grid will come back to another place. And opening a
// photo grows it out of its tile, closing it goes back into it, where the browser can do that.

(() => {
  if ("noModule" in HTMLScriptElement.prototype) document.documentElement.dataset.scripted = "";

  // A grid that was left further down comes back there; its first page is not shown before.
  if (history.state?.place) {
    document.documentElement.dataset.returning = "";
    setTimeout(() => delete document.documentElement.dataset.returning, 3000);
  }

  const NAME = "picture";
  const photoOf = (address) => new URL(address).pathname.match(/^\/photos\/([\w-]+)$/)?.[1];
  const name = (photoId, transition) => {
    const tile = photoId && document.querySelector(`#photo-${CSS.escape(photoId)} img`);
    if (!tile) return;
    tile.style.viewTransitionName = NAME;
    transition.finished.catch(() => {}).then(() => (tile.style.viewTransitionName = ""));
  };

  addEventListener("pageswap", ({ viewTransition, activation }) => {
    if (viewTransition && activation?.entry?.url) name(photoOf(activation.entry.url), viewTransition);
  });
  addEventListener("pagereveal", ({ viewTransition }) => {
    if (!viewTransition) return;
    // a transition the browser gives up is no fault of the page
    for (const step of [viewTransition.ready, viewTransition.finished]) step.catch(() => {});
    const from = globalThis.navigation?.activation?.from?.url;
    if (from) name(photoOf(from), viewTransition);
  });
})();
