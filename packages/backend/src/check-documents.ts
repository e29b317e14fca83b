import { checkId } from "./check-id.ts";
import { DocumentTooLargeError } from "./errors.ts";
import type { ResultPut } from "./results.ts";

/** Largest result document where nobody has said another, in bytes: 16 MiB. */
export const defaultMaxDocumentBytes: number = 16 * 1024 * 1024;

/** Sees to it that records can be stored, before any of them is. @throws OPTION_INVALID for a task id that not every store can keep; DOCUMENT_TOO_LARGE */
export function checkDocuments(puts: readonly ResultPut[], maxBytes: number): void {
  for (const { taskId, document } of puts) {
    checkId(taskId, "taskId");
    const bytes = Buffer.byteLength(document);
    if (bytes > maxBytes) throw new DocumentTooLargeError(`The result of task ${taskId}`, { bytes, maxBytes });
  }
}
