import type { Beat } from "../../beat/beat.ts";
import type { Worker } from "../../worker/worker.ts";
import type { Verdict } from "../../worker/worker-health.ts";

/** What of a worker a process starts and stops. */
export type Runnable = Pick<Worker, "start" | "stop" | "closed">;

/** A worker that has a beat beside it, as one thing to start and stop. It is closed when the worker is. */
export function workerWithBeat(worker: Worker, beat: Beat | undefined): Runnable {
  if (beat === undefined) return worker;
  return {
    closed: worker.closed,
    start: async () => {
      await worker.start();
      try {
        await beat.start();
      } catch (error) {
        await worker.stop({ timeout: 0 });
        throw error;
      }
    },
    stop: async (options) => {
      // Both at once: another beat leads while tasks end here.
      await Promise.all([beat.stop(options), worker.stop(options)]);
    },
  };
}

/** Both hold, or the reasons of both. */
export function bothVerdicts(one: Verdict, other: Verdict | undefined): Verdict {
  if (other === undefined) return one;
  return { ok: one.ok && other.ok, reasons: [...one.reasons, ...other.reasons] };
}
