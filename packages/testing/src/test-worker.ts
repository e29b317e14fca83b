import type { VirtualClock } from "@lovage/foundation";
import { memoryTransport } from "@lovage/transport-memory";
import type { App, Worker, WorkerOptions } from "lovage";
import { createWorker, runtimeOf, siblingRuntime } from "lovage/internal";
import { Life } from "./life.ts";
import { mortalBackend } from "./mortal-backend.ts";
import { MortalConnection } from "./mortal-connection.ts";
import type { SentCalls } from "./sent-calls.ts";
import { StoppableClock } from "./stoppable-clock.ts";

/** A worker that plays a process of its own. */
export interface TestWorker extends Worker {
  /**
   * Ends it as `kill -9` ends a process: what it had comes back when its lease has run out, counted as lost. Its functions run on, as all in one
   * process does, but nothing that they do is stored. Idempotent.
   */
  crash(): void;
}

/** What a test worker is started with. */
export interface TestWorkerParts {
  readonly app: App;
  readonly clock: VirtualClock;
  readonly options: WorkerOptions;
  readonly sent: SentCalls;
}

/** A test worker, and how it is buried. */
export interface StartedWorker {
  readonly worker: TestWorker;
  /** Stops it at once, whether it lives or not, and lets go of what it had. */
  close(): Promise<void>;
}

/** Starts a worker with a connection of its own. */
export async function startTestWorker({ app, clock, options, sent }: TestWorkerParts): Promise<StartedWorker> {
  const timers = new StoppableClock(clock);
  const life = new Life();
  const connection = new MortalConnection(await memoryTransport({ clock, timers }), { life, sent });
  const runtime = siblingRuntime(app, {
    clock: timers,
    connection: async () => connection,
    backend: async () => {
      const backend = await runtimeOf(app).backend();
      return backend === undefined ? undefined : mortalBackend(backend, life);
    },
  });
  const inner = createWorker(runtime, options);
  const crash = (): void => {
    connection.pause();
    life.end();
    timers.stop();
  };
  const close = async (): Promise<void> => {
    if (!life.isOver) await inner.stop({ timeout: 0 });
    timers.resume();
    await connection.close();
  };
  await inner.start();
  return { worker: { ...facade(inner), crash }, close };
}

function facade(worker: Worker): Worker {
  return {
    closed: worker.closed,
    start: () => worker.start(),
    stop: (options) => worker.stop(options),
    health: () => worker.health(),
    failCurrentTask: (error) => worker.failCurrentTask(error),
    [Symbol.asyncDispose]: () => worker.stop(),
  };
}
