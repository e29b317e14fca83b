import type { ChildProcess } from "node:child_process";
import { backOff } from "@lovage/foundation";
import type { Clock, Log, Timer } from "@lovage/foundation";
import { mergeMetrics, noMetrics } from "../http/worker-metrics.ts";
import type { WorkerMetrics } from "../http/worker-metrics.ts";
import type { Verdict } from "../../worker/worker-health.ts";
import type { Report } from "../http/report.ts";
import { WorkerChild } from "./worker-child.ts";
import type { ChildEnd } from "./worker-child.ts";

/** What a supervisor keeps running. */
export interface SupervisorOptions {
  readonly count: number;
  /** Makes the process of a number, with a channel to it. */
  readonly fork: (number: number) => ChildProcess;
  readonly clock: Clock;
  readonly log: Log;
  /** @default Math.random */
  readonly random?: () => number;
}

/** One of the places that a process fills. */
interface Seat {
  readonly number: number;
  child: WorkerChild | undefined;
  isStarted: boolean;
  respawn: Timer | undefined;
  /** Ends in a row, each after a short life. */
  failures: number;
}

const respawnWaits = { baseMs: 1_000, maxMs: 30_000, jitter: "full" } as const;
/** A process that has lived this long was not broken from its start. */
const soundLifeMs = 60_000;
/** How much longer than the grace a process may take to end. */
const endingMs = 5_000;
/** Leaving is over within half a second, whatever the processes do. */
const leavingMs = 400;

/**
 * Keeps a number of worker processes running: one that ends is replaced, after a back-off with full jitter from 1 s to 30 s, which begins anew
 * once a process has lived a minute.
 *
 * | state | entered | processes |
 * |---|---|---|
 * | running | made | none before `start`; those that end are replaced |
 * | stopping | `stop` | finish within the grace; killed 5 s after it |
 * | leaving | `leave` | give everything back; killed after 0.4 s |
 * | ended | the last one is gone | none |
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #seats: readonly Seat[];
  readonly #ended = Promise.withResolvers<boolean>();
  #state: "running" | "stopping" | "leaving" | "ended" = "running";
  #past: WorkerMetrics = noMetrics;
  #allEndedWell = true;
  #killing: Timer | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#seats = Array.from({ length: options.count }, (_, index) => ({
      number: index + 1,
      child: undefined,
      isStarted: false,
      respawn: undefined,
      failures: 0,
    }));
  }

  /** Makes the processes. To be called once. */
  start(): void {
    if (this.#state !== "running") return;
    for (const seat of this.#seats) this.#spawn(seat);
  }

  /** Resolves when all processes are gone: whether all ended as they were told. */
  get ended(): Promise<boolean> {
    return this.#ended.promise;
  }

  /** All processes finish within the grace. No effect while stopping or later. */
  stop(graceMs: number): void {
    if (this.#state !== "running") return;
    this.#state = "stopping";
    this.#endAll((child) => child.stop(graceMs), graceMs + endingMs);
  }

  /** All processes give their tasks back and end. */
  leave(): void {
    if (this.#state === "leaving" || this.#state === "ended") return;
    this.#state = "leaving";
    this.#allEndedWell = false;
    this.#endAll((child) => child.leave(), leavingMs);
  }

  /** All processes as one. */
  async report(): Promise<Report> {
    const reports = await Promise.all(this.#seats.map(async (seat) => ({ seat, report: await seat.child?.report() })));
    const known = reports.map(({ report }) => report).filter((report) => report !== undefined);
    return {
      live: all(reports.map(({ seat, report }) => liveness(seat, report))),
      ready: this.#readiness(reports.map(({ seat, report }) => readiness(seat, report))),
      metrics: mergeMetrics([this.#past, ...known.map(({ metrics }) => metrics)]),
    };
  }

  #readiness(verdicts: readonly Verdict[]): Verdict {
    return this.#state === "running" ? all(verdicts) : { ok: false, reasons: ["stopping"] };
  }

  #spawn(seat: Seat): void {
    const { fork, clock } = this.#options;
    seat.isStarted = false;
    seat.respawn = undefined;
    seat.child = new WorkerChild(fork(seat.number), {
      number: seat.number,
      clock,
      onStarted: () => (seat.isStarted = true),
      onEnd: (end) => this.#onEnd(seat, end),
    });
    this.#options.log.debug("worker process started", { process: seat.number, pid: seat.child.pid });
  }

  #onEnd(seat: Seat, { code, signal, livedMs }: ChildEnd): void {
    if (seat.child !== undefined) this.#past = mergeMetrics([this.#past, seat.child.pastMetrics]);
    seat.child = undefined;
    if (code !== 0) this.#allEndedWell &&= this.#state === "running";
    if (this.#state !== "running") return this.#endIfLast();
    seat.failures = livedMs >= soundLifeMs ? 1 : seat.failures + 1;
    const waitMs = backOff(respawnWaits, seat.failures - 1, this.#options.random);
    this.#options.log.warn("worker process ended; starting another", { process: seat.number, code, signal, waitMs });
    seat.respawn = this.#options.clock.timer(waitMs, () => this.#spawn(seat));
  }

  #endAll(tell: (child: WorkerChild) => void, limitMs: number): void {
    for (const seat of this.#seats) {
      seat.respawn?.cancel();
      if (seat.child !== undefined) tell(seat.child);
    }
    this.#killing?.cancel();
    this.#killing = this.#options.clock.timer(limitMs, () => this.#killAll());
    this.#endIfLast();
  }

  #killAll(): void {
    for (const { child } of this.#seats) {
      if (child === undefined) continue;
      this.#options.log.error("worker process does not end; killed", { process: child.number, pid: child.pid });
      child.kill();
    }
  }

  #endIfLast(): void {
    if (this.#seats.some(({ child }) => child !== undefined)) return;
    this.#killing?.cancel();
    this.#state = "ended";
    this.#ended.resolve(this.#allEndedWell);
  }
}

function all(verdicts: readonly Verdict[]): Verdict {
  return { ok: verdicts.every(({ ok }) => ok), reasons: verdicts.flatMap(({ reasons }) => reasons) };
}

/** A process that is being replaced or starts is being helped already; one that runs and does not answer is not. */
function liveness({ number, isStarted }: Seat, report: Report | undefined): Verdict {
  return report === undefined || !isStarted ? { ok: true, reasons: [] } : ofProcess(number, report.live);
}

function readiness({ number, isStarted }: Seat, report: Report | undefined): Verdict {
  if (report === undefined) return { ok: false, reasons: [`process ${number} is being replaced`] };
  if (!isStarted) return { ok: false, reasons: [`process ${number} is starting`] };
  return ofProcess(number, report.ready);
}

function ofProcess(number: number, { ok, reasons }: Verdict): Verdict {
  return { ok, reasons: reasons.map((reason) => `process ${number}: ${reason}`) };
}
