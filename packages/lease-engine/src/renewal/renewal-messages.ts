import type { RenewalModule } from "../store.ts";

/** What the renewal thread is started with. */
export interface RenewalWorkerData {
  readonly buffer: SharedArrayBuffer;
  readonly module: RenewalModule;
  /** Names by index. */
  readonly queues: readonly string[];
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  readonly maxBatch: number;
  /** What the shared monotonic time is ahead of the event loop's clock. */
  readonly aheadMs: number;
}

/** From the event loop: one more queue, or the end. */
export type RenewalOrder = { readonly queue: string } | { readonly close: true };

/** From the thread: it renews from now on, or leases are lost (slot, generation, slot, generation …). */
export type RenewalNews = { readonly ready: true } | { readonly lost: readonly number[] };
