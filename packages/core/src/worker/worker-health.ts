import type { ConnectionState } from "@lovage/transport";

/** What a worker does. */
export type WorkerState = "idle" | "starting" | "running" | "stopping" | "stopped";

/** A claim about a worker, with the reasons where it does not hold. */
export interface Verdict {
  readonly ok: boolean;
  readonly reasons: readonly string[];
}

/** One queue of a worker. */
export interface QueueHealth {
  readonly queue: string;
  /** Fetched and not started. */
  readonly buffered: number;
  /** Fetched and not settled. */
  readonly unsettled: number;
  readonly prefetch: number;
  /** When messages last came, Unix ms; `undefined`: none yet. */
  readonly lastFetchedAtMs: number | undefined;
  /** When a message was last settled, Unix ms; `undefined`: none yet. */
  readonly lastSettledAtMs: number | undefined;
}

/** How a worker is, told by what it has done and not by an open socket. */
export interface WorkerHealth {
  readonly state: WorkerState;
  /** Whether it works at all; a supervisor restarts one that does not. */
  readonly live: Verdict;
  /** Whether it takes tasks now. */
  readonly ready: Verdict;
  readonly broker: ConnectionState | "unopened";
  readonly concurrency: number;
  /** Tasks whose functions run. */
  readonly running: number;
  /** Tasks that have run and are being recorded. */
  readonly settling: number;
  /** Functions that go on after their time limit or their cancellation. */
  readonly abandoned: number;
  readonly buffered: number;
  /** How long the oldest running task has run, in ms; `undefined`: none runs. */
  readonly oldestRunningMs: number | undefined;
  readonly queues: readonly QueueHealth[];
}

/** What the verdicts are made of. */
export interface HealthFacts extends Omit<WorkerHealth, "live" | "ready"> {
  /** Abandoned functions that go on for longer than cleaning up takes. */
  readonly stuck: number;
  /** Results cannot be written at present. */
  readonly isBackendFailing: boolean;
  /** Something is asked of the backend or the broker again and again, by the worker or by its transport, which did not answer. */
  readonly isRetrying: boolean;
  /** How long nothing has been started, ended or settled, in ms. */
  readonly idleMs: number;
}

/** Longer than any healthy pause between two steps of a worker that has something to do. */
const stuckAfterMs = 60_000;

/** The health that the facts tell. */
export function judge({ stuck, isBackendFailing, isRetrying, idleMs, ...facts }: HealthFacts): WorkerHealth {
  // What waits for its broker or backend is not stuck: a restart would not help it, and what it has run would run again.
  const isWaiting = facts.broker !== "open" || isBackendFailing || isRetrying;
  return {
    ...facts,
    live: verdict(deadReasons({ ...facts, stuck, idleMs: isWaiting ? 0 : idleMs })),
    ready: verdict(busyReasons(facts, isBackendFailing)),
  };
}

function verdict(reasons: readonly (string | false)[]): Verdict {
  const told = reasons.filter((reason) => reason !== false);
  return { ok: told.length === 0, reasons: told };
}

function deadReasons(facts: Omit<HealthFacts, "isBackendFailing" | "isRetrying">): readonly (string | false)[] {
  const { state, stuck, concurrency, running, buffered, settling, idleMs } = facts;
  const hasWork = (buffered > 0 && running < concurrency) || settling > 0;
  const isStuck = hasWork && idleMs > stuckAfterMs;
  return [
    state === "stopped" && "the worker has stopped",
    stuck > 0 &&
      stuck >= concurrency &&
      `${stuck} functions go on after their runs have ended, with ${concurrency} slots`,
    isStuck && `nothing was started or settled for ${Math.round(idleMs / 1_000)} s, though there is work`,
  ];
}

function busyReasons(
  { state, broker }: Omit<WorkerHealth, "live" | "ready">,
  isBackendFailing: boolean,
): readonly (string | false)[] {
  return [
    state !== "running" && `the worker is ${state}`,
    state === "running" && broker !== "open" && `the connection to the broker is ${broker}`,
    isBackendFailing && "results cannot be written",
  ];
}
