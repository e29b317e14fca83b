import type { BackendDriver } from "@lovage/backend";
import { memoryBackend } from "./memory-backend.ts";
import type { MemoryBackendOptions } from "./options.ts";
import { memoryBackendOptions, storeNameOf } from "./options.ts";

/** Opens `memory:` and `memory://name`. */
export const backend: BackendDriver<MemoryBackendOptions> = Object.freeze<BackendDriver<MemoryBackendOptions>>({
  schemes: ["memory"],
  options: memoryBackendOptions,
  open: async ({ url, options, clock }) => memoryBackend({ ...options, name: storeNameOf(url), clock }),
});
