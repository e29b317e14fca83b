import type { Backend, ResultPut, Results } from "@lovage/backend";
import { backend as memory } from "@lovage/backend-memory";
import type { Clock } from "@lovage/foundation";
import { silentLog } from "@lovage/foundation";
import { encodeResult } from "../protocol/encode-result.ts";
import type { ResultContent } from "../protocol/encode-result.ts";

/** An open backend in memory, shared by those who give the same clock. */
export async function memoryBackend(clock: Clock): Promise<Backend & { readonly results: Results }> {
  const options = { maxDocumentBytes: 1_000_000 };
  const backend = await memory.open({ url: "memory:", options, clock, log: silentLog, name: "test" });
  return backend as Backend & { readonly results: Results };
}

/** A record as a worker stores it. */
export function resultPut(content: ResultContent): ResultPut {
  const { taskId, state } = content;
  return { taskId, state, document: encodeResult(content), fence: [0, 1], expiresInMs: 60_000 };
}
