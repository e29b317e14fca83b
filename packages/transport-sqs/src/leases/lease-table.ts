import type { Lease } from "@lovage/lease-engine";

import type { Arrival } from "../message/arrival.ts";
import { FifoReceives } from "./fifo-receives.ts";
import { SharedHandles } from "./shared-handles.ts";

/** A message that is ours for a while. */
export interface Held {
  readonly lease: Lease;
  readonly queue: string;
  readonly arrival: Arrival;
  /** By the monotonic clock: past it nothing is settled any more, whatever SQS would say. What the helper thread has done counts once it was looked for. */
  endsAtMs: number;
  /** What goes with its settlement was published, and is not to be published again. */
  isSent: boolean;
  /** The part of that which was published, where the rest could not be. */
  sent?: WeakSet<object>;
  /** Called once, when it is not ours any more. Must not throw. */
  onEnd?: (isDeleted: boolean) => void;
}

/** How many copies are remembered: minutes of a busy worker, and some megabytes at most. */
const mostRemembered = 20_000;

/** Which messages are ours, by numbers of our own: SQS knows them by long texts. */
export class LeaseTable {
  /** For the helper thread. */
  readonly handles: SharedHandles = new SharedHandles();
  readonly fifoReceives: FifoReceives = new FifoReceives();
  readonly #held = new Map<number, Held>();
  readonly #bySqsId = new Map<string, Held>();
  /** Settled in a call that failed for others, and is repeated for all: until when that is remembered. */
  readonly #settled = new Map<number, number>();
  /** Copies that were deleted lately, the oldest first: SQS may hand one of them out once more. */
  readonly #deleted = new Set<string>();
  /** Copies whose dead letters were sent, and which could not be deleted: they come again, and are not to leave others. */
  readonly #buried = new Set<string>();

  add(queue: string, arrival: Arrival, endsAtMs: number): Held {
    const lease = { id: this.handles.add(arrival.handle, arrival.arrivedAtMs), fence: arrival.fence };
    const held: Held = { lease, queue, arrival, endsAtMs, isSent: false };
    this.#held.set(lease.id, held);
    this.#bySqsId.set(arrival.sqsId, held);
    return held;
  }

  /** What is still ours; `undefined` once its time has passed. */
  find({ id, fence }: Lease, nowMs: number): Held | undefined {
    const held = this.#held.get(id);
    if (held?.lease.fence !== fence) return undefined;
    this.#refresh(held);
    if (held.endsAtMs > nowMs) return held;
    this.remove(held);
    return undefined;
  }

  /** The same copy was received again: SQS doubled it, or its time had passed. */
  findCopy(sqsId: string, nowMs: number): Held | undefined {
    const held = this.#bySqsId.get(sqsId);
    return held === undefined ? undefined : this.find(held.lease, nowMs);
  }

  /** It was handed out once more: only the newest handle is sure to count. */
  replaceHandle(held: Held, handle: string): void {
    held.arrival.handle = handle;
    if (!this.#held.has(held.lease.id)) return;
    this.#refresh(held);
    this.handles.replace(held.lease.id, handle);
  }

  /** It went back, or was lost. */
  remove(held: Held): void {
    this.#forget(held, false);
  }

  /** It was deleted in SQS. */
  removeDeleted(held: Held): void {
    this.#forget(held, true);
    this.fifoReceives.forget(held.arrival.sqsId);
    this.#buried.delete(held.arrival.sqsId);
    remember(this.#deleted, held.arrival.sqsId);
  }

  /** Its dead letter was sent; it could not be deleted. */
  bury({ arrival }: Held): void {
    remember(this.#buried, arrival.sqsId);
  }

  #forget({ lease, arrival }: Held, isDeleted: boolean): void {
    const held = this.#held.get(lease.id);
    if (held === undefined) return;
    this.#refresh(held);
    this.#held.delete(lease.id);
    this.handles.remove(lease.id);
    if (this.#bySqsId.get(arrival.sqsId) === held) this.#bySqsId.delete(arrival.sqsId);
    held.onEnd?.(isDeleted);
  }

  /** They were settled, and whoever asks once more is to be told so. */
  remember(settled: readonly Held[]): void {
    for (const { lease, endsAtMs } of settled) this.#settled.set(lease.id, endsAtMs);
  }

  wasDeleted(sqsId: string): boolean {
    return this.#deleted.has(sqsId);
  }

  wasBuried(sqsId: string): boolean {
    return this.#buried.has(sqsId);
  }

  wasSettled({ id }: Lease): boolean {
    return this.#settled.has(id);
  }

  /** Forgets what nobody can ask for any more. */
  sweep(nowMs: number): void {
    for (const [id, endsAtMs] of this.#settled) if (endsAtMs <= nowMs) this.#settled.delete(id);
    // Leases that ended unasked: their consumer has been told by its own clock.
    for (const held of this.#held.values()) {
      this.#refresh(held);
      if (held.endsAtMs + 60_000 <= nowMs) this.remove(held);
    }
  }

  /** Takes over what the helper thread has done. */
  #refresh(held: Held): void {
    const endsAtMs = this.handles.endsAtMs(held.lease.id);
    if (endsAtMs === undefined) return;
    held.endsAtMs = endsAtMs === -Infinity ? endsAtMs : Math.max(held.endsAtMs, endsAtMs);
  }
}

/** Forgets the oldest where there are too many. */
function remember(ids: Set<string>, sqsId: string): void {
  ids.add(sqsId);
  const [oldest] = ids;
  if (ids.size > mostRemembered && oldest !== undefined) ids.delete(oldest);
}
