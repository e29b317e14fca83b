import { DocumentTooLargeError } from "./errors.ts";
import type { ResultPut } from "./results.ts";

/** Sees to it that documents fit, before any of them is stored. @throws DOCUMENT_TOO_LARGE */
export function checkDocuments(puts: readonly ResultPut[], maxBytes: number): void {
  for (const { taskId, document } of puts) {
    const bytes = Buffer.byteLength(document);
    if (bytes > maxBytes) throw new DocumentTooLargeError(`The result of task ${taskId}`, { bytes, maxBytes });
  }
}
