export { backend } from "./driver.ts";
export type { RpcBackendOptions } from "./options.ts";
export { rpcBackend } from "./driver.ts";
export type { RpcBackendSettings } from "./driver.ts";
