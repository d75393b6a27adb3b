// What our upload page needs of Uppy, as one module: the single packages pull in CommonJS, which no
// browser imports.
export { BasePlugin, EventManager, default as Uppy } from "@uppy/core";
export { fetcher } from "@uppy/core/utils";
export { default as AwsS3 } from "@uppy/aws-s3";
export { default as GoldenRetriever } from "@uppy/golden-retriever";
