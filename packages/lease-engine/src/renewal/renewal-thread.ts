import { Worker } from "node:worker_threads";

import type { Clock, Log, Timer } from "@lovage/foundation";
import { backOff } from "@lovage/foundation";

import type { LeaseDelivery } from "../delivery.ts";
import { LeaseSlots } from "./lease-slots.ts";
import type { RenewalNews, RenewalOrder, RenewalWorkerData } from "./renewal-messages.ts";
import type { LeaseSettings } from "../settings.ts";
import type { RenewalModule } from "../store.ts";
import { threadMs } from "./thread-ms.ts";

/** What a {@link RenewalThread} works with. */
export interface RenewalThreadOptions {
  readonly module: RenewalModule;
  readonly settings: LeaseSettings;
  readonly maxBatch: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** The last ones are no longer than those of the connection: what comes back is not to wait longer for its second guard of the leases. */
const waits = { baseMs: 500, maxMs: 5_000, jitter: "equal" } as const;
const closingMs = 200;

/** The sources while these are run unbuilt, the build otherwise (package.json, "imports"). */
const workerUrl = new URL(import.meta.resolve("#renewal-thread"));

/**
 * Renews leases from a helper thread, so that user code that blocks the event loop does not lose them.
 *
 * | state | entered | left |
 * |---|---|---|
 * | idle | at first | the first delivery |
 * | starting | by a delivery, or after a back-off | the thread says that it is ready, or ends |
 * | running | it said so | it ends |
 * | waiting | it ended by itself | the back-off |
 * | closed | by `close` | never |
 */
export class RenewalThread {
  readonly #options: RenewalThreadOptions;
  readonly #slots = new LeaseSlots();
  readonly #deliveries: (LeaseDelivery | undefined)[] = [];
  readonly #queues: string[] = [];
  #state: "idle" | "starting" | "running" | "waiting" | "closed" = "idle";
  #worker: Worker | undefined;
  #timer: Timer | undefined;
  #failures = 0;

  constructor(options: RenewalThreadOptions) {
    this.#options = options;
  }

  /** Leases may be left to the thread. */
  get isRunning(): boolean {
    return this.#state === "running";
  }

  add(delivery: LeaseDelivery): void {
    if (this.#state === "idle") this.#start();
    const slot = this.#slots.take(this.#indexOf(delivery.queue), delivery.lease, delivery.confirmedAtMs);
    delivery.slot = slot;
    if (slot >= 0) this.#deliveries[slot] = delivery;
  }

  remove(delivery: LeaseDelivery): void {
    const { slot } = delivery;
    if (slot < 0) return;
    // Whoever gives it back must know that the lease holds still.
    delivery.confirmedAtMs = Math.max(delivery.confirmedAtMs, this.#slots.confirmedAtMs(slot));
    delivery.slot = -1;
    this.#deliveries[slot] = undefined;
    this.#slots.free(slot);
  }

  /** When the thread renewed a lease last, by the clock's monotonic time. */
  confirmedAtMs({ slot }: LeaseDelivery): number {
    return slot < 0 ? -Infinity : this.#slots.confirmedAtMs(slot);
  }

  /** Sign of life of the event loop. */
  beat(): void {
    this.#slots.beat();
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#state = "closed";
    this.#timer?.cancel();
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => void worker.once("exit", () => resolve()));
    this.#order({ close: true });
    // One that hangs in its store is not waited for.
    const timer = this.#options.clock.timer(closingMs, () => void worker.terminate());
    await ended;
    timer.cancel();
  }

  #indexOf(queue: string): number {
    const index = this.#queues.indexOf(queue);
    if (index >= 0) return index;
    this.#queues.push(queue);
    this.#order({ queue });
    return this.#queues.length - 1;
  }

  #order(order: RenewalOrder): void {
    this.#worker?.postMessage(order);
  }

  #start(): void {
    const { module, settings, maxBatch, clock } = this.#options;
    this.#state = "starting";
    const data: RenewalWorkerData = {
      buffer: this.#slots.buffer,
      module,
      queues: this.#queues,
      leaseMs: settings.leaseMs,
      renewEveryMs: settings.renewEveryMs,
      maxBatch,
      aheadMs: threadMs() - clock.monotonic(),
    };
    const worker = new Worker(workerUrl, { workerData: data, name: "lovage lease renewal" });
    let cause: string | undefined;
    worker.on("message", (news: RenewalNews) => this.#hear(news));
    worker.on("error", (error: Error) => (cause = error.message));
    worker.on("exit", (exitCode) => this.#ended(cause ?? `exit code ${exitCode}`));
    // What keeps the process alive is the consumption, not the thread.
    worker.unref();
    this.#worker = worker;
  }

  #hear(news: RenewalNews): void {
    if ("ready" in news) {
      if (this.#state === "starting") this.#state = "running";
      this.#failures = 0;
      this.#options.log.debug("The thread that renews leases runs.");
      return;
    }
    for (let at = 0; at < news.lost.length; at += 2) {
      const slot = news.lost[at] ?? -1;
      const delivery = this.#deliveries[slot];
      // The slot may have another use by now; and what is being settled is told by the settlement's own answer.
      if (delivery?.isOpen === true && this.#slots.generationOf(slot) === news.lost[at + 1]) delivery.lose();
    }
  }

  /** The event loop renews meanwhile. */
  #ended(cause: string): void {
    this.#worker = undefined;
    if (this.#state === "closed") return;
    this.#state = "waiting";
    const waitMs = backOff(waits, this.#failures);
    // Told once while it fails again and again: the store may be away for hours.
    const level = this.#failures === 0 ? "warn" : "debug";
    this.#failures += 1;
    this.#options.log[level]("The thread that renews leases has ended; it is started again.", { cause, waitMs });
    this.#timer = this.#options.clock.timer(waitMs, () => this.#start(), { keepAlive: false });
  }
}
