// The map of the photos: country outlines from our own files, clusters from the API for what is in view.
// The address keeps the view behind its #, as zoom/latitude/longitude.

import { send } from "./api.js";
import { listenForBoxes } from "./map/box.js";

const DEEPEST = 18;
const ICON_PIXELS = 48;
const AROUND = 360;

export async function start(frame) {
  const leaflet = await import(frame.dataset.script);
  frame.hidden = false;
  const map = leaflet.map(frame.querySelector(".map"), {
    boxZoom: false, // Shift draws a box to search in
    maxZoom: DEEPEST,
    minZoom: 1,
    worldCopyJump: true,
    zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
  map.attributionControl.setPrefix(false);
  const view = viewOf(location.hash);
  map.setView([view.latitude, view.longitude], view.zoom);
  if (frame.dataset.tiles) drawTiles(leaflet, map, frame.dataset);
  else drawOutlines(leaflet, map, frame.dataset.outlines).catch(console.error);
  const clusters = new Clusters(leaflet, map, frame);
  clusters.follow();
  listenForBoxes(map, frame.querySelector("#map-draw"), (edges) => location.assign(clusters.addressOf(written(edgesOf(edges)))));
}

function drawTiles(leaflet, map, { tiles, attribution }) {
  const words = document.createElement("span");
  words.textContent = attribution;
  leaflet.tileLayer(tiles, { attribution: words.innerHTML, maxZoom: DEEPEST }).addTo(map);
}

async function drawOutlines(leaflet, map, address) {
  map.attributionControl.addAttribution("Outlines: Natural Earth");
  const world = await (await fetch(address)).json();
  const land = leaflet.feature(world, world.objects.countries);
  for (const shape of land.features) shape.geometry = flattened(shape.geometry);
  leaflet.geoJSON(land, { interactive: false, style: { className: "land" } }).addTo(map);
}

// Outlines are drawn for a globe. On a flat map, what lies across the date line goes on beyond one edge, and stands
// a second time beyond the other.
function flattened({ type, coordinates }) {
  const polygons = type === "Polygon" ? [coordinates] : coordinates;
  return { type: "MultiPolygon", coordinates: polygons.flatMap(onBothSides) };
}

function onBothSides(polygon) {
  const flat = polygon.map(unwound);
  const all = flat.flat().map(([longitude]) => longitude);
  const turns = [0];
  if (Math.max(...all) > AROUND / 2) turns.push(-AROUND);
  if (Math.min(...all) < -AROUND / 2) turns.push(AROUND);
  return turns.map((turn) => flat.map((ring) => ring.map(([longitude, latitude]) => [longitude + turn, latitude])));
}

// No step of a ring goes around the world.
export function unwound(ring) {
  let turn = 0;
  return ring.map(([longitude, latitude], place) => {
    const step = place === 0 ? 0 : longitude - ring[place - 1][0];
    if (Math.abs(step) > AROUND / 2) turn -= Math.sign(step) * AROUND;
    return [longitude + turn, latitude];
  });
}

export function viewOf(hash) {
  const [zoom, latitude, longitude] = hash.slice(1).split("/").map(Number);
  const isView = zoom >= 1 && zoom <= DEEPEST && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return isView ? { zoom, latitude, longitude } : { zoom: 2, latitude: 25, longitude: 10 };
}

// South, west, north and east as the server takes them; a view wider than the world is the world.
export function edgesOf({ south, west, north, east }) {
  const isWorld = east - west >= AROUND;
  return {
    south: Math.max(south, -90),
    west: isWorld ? -180 : wrapped(west),
    north: Math.min(north, 90),
    east: isWorld ? 180 : wrapped(east),
  };
}

// As `box:` takes them, to a metre.
function written({ south, west, north, east }) {
  return [south, west, north, east].map((edge) => Number(edge.toFixed(5))).join(",");
}

function wrapped(longitude) {
  return ((((longitude + 180) % AROUND) + AROUND) % AROUND) - 180;
}

class Clusters {
  constructor(leaflet, map, frame) {
    this.leaflet = leaflet;
    this.map = map;
    this.query = frame.dataset.query;
    this.search = frame.dataset.search;
    this.link = frame.querySelector("#map-show");
    this.words = frame.querySelector("#map-words");
    this.layer = leaflet.layerGroup().addTo(map);
    this.asking = null;
  }

  follow() {
    this.map.on("moveend", () => this.refresh());
    this.refresh();
  }

  async refresh() {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const seen = this.map.getBounds();
    const edges = edgesOf({ south: seen.getSouth(), west: seen.getWest(), north: seen.getNorth(), east: seen.getEast() });
    const { lat, lng } = this.map.getCenter().wrap();
    history.replaceState(history.state, "", `#${this.map.getZoom()}/${lat.toFixed(5)}/${lng.toFixed(5)}`);
    const asked = new URLSearchParams({ ...edges, zoom: this.map.getZoom() });
    if (this.query) asked.set("q", this.query);
    try {
      this.show(await send("GET", `/api/v1/map?${asked}`, undefined, { signal: asking.signal }), edges);
    } catch (error) {
      if (error.name !== "AbortError") this.words.textContent = error.message;
    }
  }

  show({ total, clusters }, edges) {
    this.layer.clearLayers();
    for (const cluster of clusters) this.add(cluster);
    this.link.href = this.addressOf(written(edges));
    this.link.toggleAttribute("data-empty", total === 0);
    const count = total.toLocaleString("en");
    this.words.textContent = total === 0 ? "No photos here" : `Show ${total === 1 ? "this photo" : `these ${count} photos`}`;
  }

  add(cluster) {
    const words = cluster.count === 1 ? cluster.photo.alt : `${cluster.count.toLocaleString("en")} photos, such as ${cluster.photo.alt}`;
    const icon = this.leaflet.divIcon({ className: "cluster", html: drawn(cluster), iconSize: [ICON_PIXELS, ICON_PIXELS] });
    const marker = this.leaflet.marker([cluster.latitude, cluster.longitude], { icon, title: words, alt: words });
    marker.on("click", () => this.open(cluster)).addTo(this.layer);
    const face = marker.getElement();
    face.setAttribute("aria-label", words);
    face.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.open(cluster);
    });
  }

  // Closer, until there is nothing closer: then the photos.
  open(cluster) {
    const [south, west, north, east] = cluster.box.split(",").map(Number);
    if (cluster.count === 1) location.assign(`/photos/${cluster.photo.id}`);
    else if (this.map.getZoom() >= DEEPEST) location.assign(this.addressOf(cluster.box));
    else this.map.fitBounds([[south, west], [north, east]]);
  }

  addressOf(box) {
    const query = this.query ? `(${this.query}) box:${box}` : `box:${box}`;
    return `${this.search}?${new URLSearchParams({ q: query })}`;
  }
}

function drawn({ count, photo }) {
  const face = document.createDocumentFragment();
  if (photo.src) {
    const picture = document.createElement("img");
    picture.src = photo.src;
    picture.alt = "";
    face.append(picture);
  }
  if (count > 1) {
    const number = document.createElement("span");
    number.className = "cluster-count";
    number.textContent = count < 10_000 ? count.toLocaleString("en") : `${Math.round(count / 1000).toLocaleString("en")}k`;
    face.append(number);
  }
  const holder = document.createElement("div");
  holder.className = "cluster-face";
  holder.append(face);
  return holder;
}
