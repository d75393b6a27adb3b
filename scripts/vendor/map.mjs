// The part of leaflet that the map page uses, and the reader of country outlines (TopoJSON).

export { control, divIcon, DomEvent, geoJSON, latLngBounds, layerGroup, map, marker, tileLayer } from "leaflet/dist/leaflet-src.esm.js";
export { feature, mesh } from "topojson-client";
