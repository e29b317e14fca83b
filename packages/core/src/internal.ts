/** For Lovage's own packages; may change in any release. */
export { controlChannel, decodeRevoke, encodeRevoke } from "./control/revoke-message.ts";
export type { RevokeCommand } from "./control/revoke-message.ts";
export { isApp, overrideConfiguration, runtimeOf } from "./app/runtime-of.ts";
export type { Flags } from "./app/configuration/configuration-layers.ts";
export type { AppRuntime, Producer, RuntimeSettings, SendOptions, TaskRegistry } from "./app/app-runtime.ts";
