/** One run of a task, as its handler sees it. */
export interface RunEntry {
  readonly taskId: string;
  /** Names the delivery: two runs of one task have different tokens. */
  readonly token: string;
  /** `task.delivery.count`: 1, and one more after each loss. */
  readonly count: number;
  readonly retries: number;
  readonly pid: number;
  /** Wall clock, Unix ms. All processes of a test share one machine. */
  readonly atMs: number;
}

/**
 * What the ledger of a test remembers. Written by producers and handlers themselves, past the broker and the backend that are under test.
 *
 * | kind | written |
 * |---|---|
 * | `accepted` | by a producer, once the publish has resolved |
 * | `started`, `finished` | by a handler, first and last |
 * | `aborted` | by a handler, when its signal aborts; `code` of the reason |
 * | `wrote`, `refused` | by a handler, when progress was stored, or not; `code` of the error |
 */
export type LedgerEntry =
  | { readonly kind: "accepted"; readonly taskId: string; readonly pid: number; readonly atMs: number }
  | (RunEntry & { readonly kind: "started" | "finished" | "wrote" })
  | (RunEntry & { readonly kind: "aborted" | "refused"; readonly code: string });
