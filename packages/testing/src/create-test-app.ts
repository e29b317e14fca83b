import type { Backend } from "@lovage/backend";
import { memoryBackend } from "@lovage/backend-memory";
import type { Duration, VirtualClock } from "@lovage/foundation";
import { formatDuration, LovageError, parseDuration, silentLog, virtualClock } from "@lovage/foundation";
import type { Connection } from "@lovage/transport";
import { memoryTransport } from "@lovage/transport-memory";
import type { App, AppOptions, WorkerOptions } from "lovage";
import { createApp } from "lovage";
import { Life } from "./life.ts";
import { MortalConnection } from "./mortal-connection.ts";
import type { SentCall } from "./sent-calls.ts";
import { SentCalls } from "./sent-calls.ts";
import { startTestWorker } from "./test-worker.ts";
import type { StartedWorker, TestWorker } from "./test-worker.ts";

/** What a test app is made of: the options of an app, without those that make it a test. */
export interface TestAppOptions extends Omit<AppOptions, "backend" | "broker" | "clock" | "coordination"> {
  /** First time of the clock, in Unix ms. @default 2026-01-01T00:00:00Z */
  readonly nowMs?: number;
  /** Options of the first worker; `false` for none. @default a worker of all queues */
  readonly worker?: WorkerOptions | false;
}

/** How long {@link TestApp.run} goes on. */
export interface RunOptions {
  /** How much time may pass on the clock. @default "1h" */
  readonly within?: Duration;
}

/** An app in memory, whose time moves when it is told to. */
export interface TestApp extends AsyncDisposable {
  readonly app: App;
  readonly clock: VirtualClock;
  /** All calls that were accepted since the app was made, in their order: of the test, of tasks, retries, and what followed. */
  readonly sent: readonly SentCall[];
  /** Starts another worker, which plays a process of its own. */
  startWorker(options?: WorkerOptions): Promise<TestWorker>;
  /** Moves time on; what is due is run. @throws as `VirtualClock.advance` */
  advance(time: Duration): Promise<void>;
  /**
   * Moves time on until all queues are empty: what was sent has run, with its retries, delays and what follows it, or is a dead letter.
   * @throws TEST_APP_BUSY when there is still something to do at the end of `within`
   */
  run(options?: RunOptions): Promise<void>;
  /** Stops all workers at once and closes the app. Idempotent. */
  close(): Promise<void>;
}

/**
 * An app with broker and backend in memory, under a virtual clock, with a worker that runs. Nothing is shared with other test apps.
 * @throws CONFIGURATION_INVALID, OPTION_INVALID
 */
export async function createTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const { nowMs, worker = {}, ...appOptions } = options;
  const clock = virtualClock({ nowMs });
  const sent = new SentCalls(() => clock.now());
  const broker = new MortalConnection(await memoryTransport({ clock }), { life: new Life(), sent });
  const backend = memoryBackend({ clock });
  const app = createApp({ log: silentLog, ...appOptions, broker, backend, clock });
  const test = new MemoryApp(app, { clock, broker, backend, sent });
  if (worker !== false) await test.startWorker(worker);
  return test;
}

interface MemoryAppParts {
  readonly clock: VirtualClock;
  readonly broker: Connection;
  readonly backend: Backend;
  readonly sent: SentCalls;
}

class MemoryApp implements TestApp {
  readonly app: App;
  readonly clock: VirtualClock;
  /** Keep what is stored while workers come and go. */
  readonly #stores: readonly [Connection, Backend];
  readonly #sent: SentCalls;
  readonly #workers: StartedWorker[] = [];
  #closing: Promise<void> | undefined;

  constructor(app: App, { clock, broker, backend, sent }: MemoryAppParts) {
    this.app = app;
    this.clock = clock;
    this.#stores = [broker, backend];
    this.#sent = sent;
  }

  get sent(): readonly SentCall[] {
    return this.#sent.calls;
  }

  async startWorker(options: WorkerOptions = {}): Promise<TestWorker> {
    const started = await startTestWorker({ app: this.app, clock: this.clock, options, sent: this.#sent });
    this.#workers.push(started);
    return started.worker;
  }

  async advance(time: Duration): Promise<void> {
    await this.clock.advance(parseDuration(time, { field: "time" }));
  }

  async run({ within = "1h" }: RunOptions = {}): Promise<void> {
    const withinMs = parseDuration(within, { field: "within" });
    const endAtMs = this.clock.monotonic() + withinMs;
    await this.clock.advance(0);
    let left = await this.#left();
    while (left > 0 && this.clock.monotonic() < endAtMs && (await this.clock.advanceToNext()))
      left = await this.#left();
    if (left === 0) return;
    throw new LovageError(
      `${left} messages are still in the queues after ${formatDuration(withinMs)} on the test clock: no worker takes them, or their time is later.`,
      { code: "TEST_APP_BUSY" },
    );
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Messages in all queues, dead letters aside. */
  async #left(): Promise<number> {
    const [{ admin }] = this.#stores;
    const stats = await admin.inspect(await admin.list());
    return stats.reduce((sum, { ready, delayed = 0, unsettled = 0 }) => sum + ready + delayed + unsettled, 0);
  }

  async #close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
    await this.app.close();
    await Promise.all(this.#stores.map((store) => store.close()));
  }
}
