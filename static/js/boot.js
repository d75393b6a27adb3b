// Starts the behaviours that the page names: data-module="grow states" imports grow.js and states.js and
// calls their start(element). Everything works without them; a module that fails takes no other along.

const started = new WeakMap();

// The promise is kept when all of them listen.
export function boot(root = document) {
  const begun = [];
  for (const element of [root, ...root.querySelectorAll("[data-module]")]) {
    const names = element.dataset?.module?.split(/\s+/) ?? [];
    for (const name of names.filter(Boolean)) begun.push(begin(element, name));
  }
  return Promise.all(begun);
}

function begin(element, name) {
  const names = started.get(element) ?? new Set();
  if (names.has(name)) return null;
  started.set(element, names.add(name));
  return import(`./${name}.js`).then((module) => module.start(element)).catch(console.error);
}

boot().then(() => (document.documentElement.dataset.scripted = "listening"));
