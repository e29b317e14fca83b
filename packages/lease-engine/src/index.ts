export * from "./store.ts";
export { decodeFrame, encodeFrame, FrameError } from "./frame.ts";
