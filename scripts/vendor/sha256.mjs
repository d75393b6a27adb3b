// Streaming SHA-256 for pages where crypto.subtle is absent or wants the whole file at once.
export { sha256 } from "@noble/hashes/sha2.js";
