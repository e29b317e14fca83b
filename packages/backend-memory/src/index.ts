export { backend } from "./driver.ts";
export { memoryBackend } from "./memory-backend.ts";
export type { MemoryBackendSettings } from "./memory-backend.ts";
export type { MemoryBackendOptions } from "./options.ts";
