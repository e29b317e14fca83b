import type { ChildProcess } from "node:child_process";
import type { Clock } from "@lovage/foundation";
import { noMetrics, pastMetrics } from "../http/worker-metrics.ts";
import type { WorkerMetrics } from "../http/worker-metrics.ts";
import { silentReport } from "../http/report.ts";
import type { Report } from "../http/report.ts";
import { isOurs } from "./channel.ts";
import type { Message, Order } from "./channel.ts";

/** How a worker process ended. */
export interface ChildEnd {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly livedMs: number;
}

/** What a worker process is watched with. */
export interface WorkerChildOptions {
  readonly number: number;
  readonly clock: Clock;
  readonly onStarted: () => void;
  readonly onEnd: (end: ChildEnd) => void;
}

/** A process that does not answer for this long has a blocked event loop. */
const answerMs = 1_000;
/** It may be at work all the while, and its leases are renewed: as long as a worker may make no progress. */
const stuckMs = 60_000;

/** One worker process, seen from its parent. */
export class WorkerChild {
  readonly #process: ChildProcess;
  readonly #options: WorkerChildOptions;
  readonly #asked = new Map<number, (report: Report) => void>();
  #nextId = 0;
  #metrics: WorkerMetrics = noMetrics;
  /** When it was first asked in vain. */
  #silentSinceMs: number | undefined;

  constructor(child: ChildProcess, options: WorkerChildOptions) {
    this.#process = child;
    this.#options = options;
    const startedAtMs = options.clock.monotonic();
    child.on("message", (message: unknown) => {
      if (isOurs(message)) this.#hear(message as Message);
    });
    let isEnded = false;
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (isEnded) return;
      isEnded = true;
      options.onEnd({ code, signal, livedMs: options.clock.monotonic() - startedAtMs });
    };
    child.once("exit", end);
    // A process that could not even be made has no exit.
    child.on("error", () => {
      if (child.pid === undefined) end(null, null);
    });
  }

  get number(): number {
    return this.#options.number;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** What it has done, as far as it has told. */
  get pastMetrics(): WorkerMetrics {
    return pastMetrics(this.#metrics);
  }

  /** Tells it to finish within the grace and end. */
  stop(graceMs: number): void {
    this.#send({ lovage: "stop", graceMs });
  }

  /** Tells it to give everything back and end now. */
  leave(): void {
    this.#send({ lovage: "leave" });
  }

  /** Ends it without asking. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** What it tells about itself; never rejects. A process that is silent is not ready, and after a minute of that not live. */
  async report(): Promise<Report> {
    const { clock } = this.#options;
    const id = this.#nextId++;
    const askedAtMs = clock.monotonic();
    const answer = new Promise<Report | undefined>((resolve) => {
      const timer = clock.timer(answerMs, () => resolve(undefined));
      this.#asked.set(id, (report) => {
        timer.cancel();
        resolve(report);
      });
    });
    this.#send({ lovage: "report", id });
    const report = await answer;
    this.#asked.delete(id);
    if (report !== undefined) return report;
    this.#silentSinceMs ??= askedAtMs;
    const silentMs = clock.monotonic() - this.#silentSinceMs;
    const reason = `no answer for ${Math.round(silentMs / 1_000)} s: its event loop is blocked`;
    return { ...silentReport(reason, { isLive: silentMs < stuckMs }), metrics: this.pastMetrics };
  }

  #hear(message: Message): void {
    this.#silentSinceMs = undefined;
    if (message.lovage === "started") return this.#options.onStarted();
    this.#metrics = message.report.metrics;
    this.#asked.get(message.id)?.(message.report);
  }

  #send(order: Order): void {
    // What cannot be sent goes to a process that is ending; its exit is what counts.
    if (this.#process.connected) this.#process.send(order, () => {});
  }
}
