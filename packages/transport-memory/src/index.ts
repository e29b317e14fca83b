export { memoryTransport } from "./memory-transport.ts";
export type { MemoryTransportSettings } from "./memory-transport.ts";
export type { MemoryOptions, ParsedMemoryOptions } from "./options.ts";
export { transport } from "./transport.ts";
