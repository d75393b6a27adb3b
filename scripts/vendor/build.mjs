// Fills static/vendor/ with third-party browser files from node_modules. Our own files are never bundled.
//
// The result is built beside the old one and put in its place at the end, so that a page never meets half of it.

import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const modules = join(root, "node_modules");
const target = join(root, "static", "vendor");
const draft = `${target}.new`;
const scripts = join(root, "scripts", "vendor");

// `wght` is the font with one axis, weight. Further subsets are only loaded by pages that need them.
const fontSubsets = ["latin", "latin-ext", "cyrillic", "greek"];

async function bundleScripts() {
  const made = await build({
    entryPoints: [
      ...["uppy", "sha256", "map"].map((name) => join(scripts, `${name}.mjs`)),
      join(modules, "thumbhash", "thumbhash.js"),
    ],
    outdir: draft,
    entryNames: "[name]",
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return Object.keys(made.metafile.inputs);
}

async function copyFonts() {
  await mkdir(join(draft, "fonts"), { recursive: true });
  for (const subset of fontSubsets) {
    const name = `inter-${subset}-wght-normal.woff2`;
    await cp(join(modules, "@fontsource-variable", "inter", "files", name), join(draft, "fonts", name));
  }
}

async function copyMap() {
  await cp(join(modules, "leaflet", "dist", "leaflet.css"), join(draft, "leaflet.css"));
  await cp(join(modules, "world-atlas", "countries-50m.json"), join(draft, "countries.json"));
}

async function iconNames() {
  const text = await readFile(join(root, "static", "icons.txt"), "utf8");
  return [...new Set(text.split("\n").map((line) => line.trim()))].filter((name) => name && !name.startsWith("#"));
}

async function iconSymbol(name) {
  const path = join(modules, "lucide-static", "icons", `${name}.svg`);
  const svg = await readFile(path, "utf8").catch(() => {
    throw new Error(`static/icons.txt names "${name}", which lucide-static does not have. Choose another icon.`);
  });
  const drawing = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.indexOf("</svg>"));
  const strokes = drawing.trim().replace(/\s*\n\s*/g, "");
  // strokes and fills come from the stylesheet: an attribute here would win over what the page inherits
  return `<symbol id="${name}" viewBox="0 0 24 24">${strokes}</symbol>`;
}

async function drawIcons() {
  const symbols = await Promise.all((await iconNames()).map(iconSymbol));
  const sprite = `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
  await writeFile(join(draft, "icons.svg"), sprite);
}

function packageOf(path) {
  const parts = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length).split("/");
  return parts[0].startsWith("@") ? `${parts[0]}/${parts[1]}` : parts[0];
}

async function licenceOf(name) {
  const folder = join(modules, name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? (await readFile(join(folder, file), "utf8")).trim() : `The package names its licence: ${license}`;
  return `${name} ${version} (${license})\n\n${text}\n`;
}

async function writeLicences(bundled) {
  const inBundles = bundled.filter((path) => path.includes("node_modules/")).map(packageOf);
  const names = [...new Set([...inBundles, "@fontsource-variable/inter", "lucide-static", "world-atlas"])].sort();
  const notes = await Promise.all(names.map(licenceOf));
  await writeFile(join(draft, "LICENSES.txt"), notes.join(`\n${"-".repeat(78)}\n\n`));
}

await rm(draft, { recursive: true, force: true });
await mkdir(draft, { recursive: true });
const bundled = await bundleScripts();
await copyFonts();
await copyMap();
await drawIcons();
await writeLicences(bundled);
await rm(target, { recursive: true, force: true });
await rename(draft, target);
