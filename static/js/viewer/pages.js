// Pages of photos, fetched before they are asked for: with one already there and its picture decoded, the next photo
// is shown without a flash.

import { page } from "../api.js";

const PATIENCE_MS = 1500; // for a picture; its placeholder is shown after that
const MOST = 4;

const fetched = new Map();

document.addEventListener("photos-changed", () => fetched.clear());

// { article, title } of the photo at `address`, each given away once. Rejects with ApiError.
export function take(address) {
  const found = fetched.get(address) ?? load(address);
  fetched.delete(address);
  return found;
}

export function preload(address) {
  if (!address || fetched.has(address)) return;
  const loading = load(address);
  loading.catch(() => fetched.delete(address)); // whoever needs it asks again
  fetched.set(address, loading);
  for (const old of [...fetched.keys()].slice(0, -MOST)) fetched.delete(old);
}

async function load(address) {
  const next = await page(address);
  const article = next.querySelector(".photo");
  if (!article) throw new Error("The photo cannot be shown here.");
  document.adoptNode(article);
  await decoded(article);
  return { article, title: next.title };
}

export async function decoded(article) {
  const picture = article.querySelector("#picture");
  const late = new Promise((resolve) => {
    setTimeout(resolve, PATIENCE_MS);
  });
  if (picture) await Promise.race([picture.decode().catch(() => {}), late]);
}
