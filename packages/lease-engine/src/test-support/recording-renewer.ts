import type { Renewer } from "../store.ts";

/** What the thread's renewer is given: counters that the test reads. */
export interface RecordingOptions {
  /** Calls, ids seen last, whether all leases are to be lost, whether the thread is to die. */
  readonly counters: SharedArrayBuffer;
}

export const callsAt = 0;
export const idAt = 1;
export const losesAt = 2;
export const diesAt = 3;
export const closedAt = 4;

/** A renewer that counts, and does as the test tells it through the shared counters. */
export async function openRenewer(options: unknown): Promise<Renewer> {
  const counters = new Int32Array((options as RecordingOptions).counters);
  return {
    extend: async (_, leases) => {
      Atomics.add(counters, callsAt, 1);
      Atomics.store(counters, idAt, leases[0]?.id ?? 0);
      if (Atomics.compareExchange(counters, diesAt, 1, 0) === 1) process.exit(3);
      return Atomics.load(counters, losesAt) === 1 ? { lost: leases } : null;
    },
    close: async () => {
      Atomics.store(counters, closedAt, 1);
    },
  };
}
