/** For Lovage's own packages; may change in any release. */
export { controlChannel, decodeRevoke, encodeRevoke } from "./control/revoke-message.ts";
export type { RevokeCommand } from "./control/revoke-message.ts";
export { createWorker } from "./worker/worker.ts";
export { isApp, overrideConfiguration, runtimeOf, siblingRuntime } from "./app/runtime-of.ts";
export type { Flags } from "./app/configuration/configuration-layers.ts";
export type { AppRuntime, Producer, RuntimeSettings, SendOptions, TaskRegistry } from "./app/app-runtime.ts";
export { decodeTask } from "./protocol/decode-task.ts";
export type { DecodeTaskOptions } from "./protocol/decode-task.ts";
export type { CallEmbed, TaskCall, WireSignature } from "./protocol/task-call.ts";
