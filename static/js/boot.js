// Starts the behaviours that the page names: data-module="grow states" imports grow.js and states.js and
// calls their start(element). Everything works without them; a module that fails takes no other along.

const started = new WeakMap();

export function boot(root = document) {
  for (const element of [root, ...root.querySelectorAll("[data-module]")]) {
    const names = element.dataset?.module?.split(/\s+/) ?? [];
    for (const name of names.filter(Boolean)) begin(element, name);
  }
}

function begin(element, name) {
  const names = started.get(element) ?? new Set();
  if (names.has(name)) return;
  started.set(element, names.add(name));
  import(`./${name}.js`).then((module) => module.start(element)).catch(console.error);
}

document.documentElement.dataset.scripted = "";
boot();
