// What our upload page needs of Uppy, as one module: the single packages pull in CommonJS, which no
// browser imports.
export { BasePlugin, default as Uppy } from "@uppy/core";
