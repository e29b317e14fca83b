import type { Clock, Log, Timer } from "@lovage/foundation";
import type { Worker } from "../../worker/worker.ts";
import { exitCode } from "../exit-code.ts";

/** What a worker process is made of. */
export interface WorkerProcessOptions {
  readonly worker: Pick<Worker, "start" | "stop" | "closed">;
  readonly clock: Clock;
  readonly log: Log;
  readonly graceMs: number;
  /** Lets go of everything else, once the worker has stopped. */
  readonly close: () => Promise<void>;
  /** Ends the process, whatever it still does. @default process.exit */
  readonly exit?: (code: number) => void;
}

/** How much longer than the grace stopping may take, for what must be written and closed. */
const endingMs = 5_000;
/** Leaving is over within half a second, whatever the broker does. */
const leavingMs = 400;

/**
 * One worker from its start to its end.
 *
 * | state | entered | left |
 * |---|---|---|
 * | running | `run` | `stop`, `fail`, the worker stops by itself |
 * | stopping | first `stop` or `fail` | all has ended; the grace and 5 s are over: the process is ended with 1 |
 * | leaving | `leave` | all was given back; 0.4 s are over: the process is ended with 1 |
 */
export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  readonly #exit: (code: number) => void;
  #state: "running" | "stopping" | "leaving" = "running";
  #code: number = exitCode.ok;
  #limit: Timer | undefined;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    this.#exit = options.exit ?? ((code) => process.exit(code));
  }

  /**
   * Starts the worker and waits for its end. Gives the exit code.
   * @param onStarted Called when tasks are taken.
   * @throws what keeps the worker from starting
   */
  async run(onStarted: () => void): Promise<number> {
    const { worker, close } = this.#options;
    try {
      const starting = worker.start();
      await Promise.race([starting, worker.closed]);
      // A start that fails closes the worker before it tells why.
      if (this.#state === "running") {
        await starting;
        onStarted();
      }
      await worker.closed;
    } catch (error) {
      // A worker that is told to stop while it starts does not start, as it was told.
      if (this.#state === "running") throw error;
    } finally {
      await close();
      this.#limit?.cancel();
    }
    return this.#code;
  }

  /** Takes no more tasks; those that run may finish within the grace. Only the first call counts. */
  stop(graceMs: number = this.#options.graceMs): void {
    if (this.#state !== "running") return;
    this.#state = "stopping";
    this.#end(graceMs, graceMs + endingMs);
  }

  /** Stops, and ends with 1: something is wrong with this process. */
  fail(): void {
    this.#code = exitCode.failure;
    this.stop();
  }

  /** Gives everything back and ends with 1, within half a second. */
  leave(): void {
    if (this.#state === "leaving") return;
    this.#state = "leaving";
    this.#code = exitCode.failure;
    this.#end(0, leavingMs);
  }

  #end(graceMs: number, limitMs: number): void {
    const { worker, clock, log } = this.#options;
    this.#limit?.cancel();
    this.#limit = clock.timer(limitMs, () => {
      if (this.#state === "stopping") log.error("The worker does not end; the process is ended.", { limitMs });
      this.#exit(exitCode.failure);
    });
    worker.stop({ timeout: graceMs }).catch((error: unknown) => log.error("The worker cannot be stopped.", { error }));
  }
}
