import { randomUUID } from "node:crypto";
import type { Backend, Coordination } from "@lovage/backend";
import { abortable, ClosedError, parseDuration } from "@lovage/foundation";
import { FeatureUnsupportedError } from "@lovage/transport";
import { checkKnown } from "../app/check-option.ts";
import { coordinationReach } from "../app/combine-backends.ts";
import type { AppRuntime } from "../app/app-runtime.ts";
import { cancelTask } from "../result/cancel-task.ts";
import type { StopOptions } from "../worker/worker.ts";
import { judgeBeat } from "./beat-health.ts";
import type { BeatHealth, BeatState } from "./beat-health.ts";
import { resolveBeatOptions } from "./beat-options.ts";
import type { BeatOptions, ResolvedBeatOptions } from "./beat-options.ts";
import { ServerClock, serverTimeOf } from "../app/server-clock.ts";
import type { CodeSchedules } from "./book/code-schedules.ts";
import { openScheduleStore } from "./book/open-schedule-store.ts";
import { requireResults } from "./definition/require-results.ts";
import { BeatSession } from "./leader/beat-session.ts";
import { Leadership } from "./leader/leadership.ts";
import { OverlapSlot } from "./leader/overlap-slot.ts";
import { TickPublisher } from "./leader/tick-publisher.ts";
import type { ScheduledSender } from "./tick/scheduled-sender.ts";

/**
 * Publishes the calls of schedules when they are due. Any number of beats may run for one app: one leads, the others take over when it is gone.
 * Works once: a stopped beat is not started again.
 *
 * | state | entered | left |
 * |---|---|---|
 * | `idle` | made | `start`, `stop` |
 * | `starting` | `start` | the backend is there; `start` fails; `stop` |
 * | `running` | the backend is there | `stop` |
 * | `stopping` | `stop` | what was being published is published |
 * | `stopped` | that is so, or `start` has failed | never |
 */
export interface Beat extends AsyncDisposable {
  /**
   * Resolves once it leads or follows. Called again, it waits for the same start.
   * @throws CLOSED after `stop`; FEATURE_UNSUPPORTED for a backend without schedules or coordination, and for coordination that fewer share than the backend; BACKEND_UNAVAILABLE; CONFIGURATION_INVALID;
   * OPTION_INVALID for a schedule of the code whose `overlap` needs results, and whose task stores none
   */
  start(): Promise<void>;
  /** Publishes nothing more and lets another lead. What is under way may end within `timeout`. Any number of times, in any state. @throws OPTION_INVALID */
  stop(options?: StopOptions): Promise<void>;
  /** How it is now. */
  health(): BeatHealth;
  /** Resolves once the beat is stopped. Never rejects. */
  readonly closed: Promise<void>;
  /** `stop` with its default. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a beat is made of. */
export interface BeatParts {
  readonly runtime: AppRuntime;
  readonly code: CodeSchedules;
  readonly sender: ScheduledSender;
}

/** A beat of an app. Nothing is opened before `start`. @throws OPTION_INVALID */
export function createBeat(parts: BeatParts, options: BeatOptions = {}): Beat {
  return new ScheduleBeat(parts, resolveBeatOptions(options));
}

class ScheduleBeat implements Beat {
  readonly #parts: BeatParts;
  readonly #options: ResolvedBeatOptions;
  readonly #closed = Promise.withResolvers<void>();
  readonly #over = new AbortController();
  #state: BeatState = "idle";
  #starting: Promise<void> | undefined;
  #session: BeatSession | undefined;
  #running: Promise<void> | undefined;
  #lastTickAtMs: number | undefined;

  constructor(parts: BeatParts, options: ResolvedBeatOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  async start(): Promise<void> {
    await (this.#starting ??= this.#start());
    if (this.#state !== "running") throw closedError();
  }

  async stop(options: StopOptions = {}): Promise<void> {
    checkKnown(options, "stop", ["timeout"]);
    const { clock, settings } = this.#parts.runtime;
    const { timeout = settings.shutdownGraceMs } = options;
    const deadline = clock.deadline(parseDuration(timeout, { field: "timeout" }));
    if (this.#state === "running" || this.#state === "starting") this.#state = "stopping";
    this.#over.abort();
    try {
      await abortable(this.#running ?? Promise.resolve(), deadline.signal);
    } catch (error) {
      if (!deadline.signal.aborted) throw error;
      this.#parts.runtime.log.warn("The beat has not ended what it was doing; the next leader repeats it.");
    } finally {
      deadline.cancel();
    }
    this.#finish();
  }

  health(): BeatHealth {
    return judgeBeat({
      state: this.#state,
      session: this.#session?.facts,
      lastTickAtMs: this.#lastTickAtMs,
      nowMs: this.#parts.runtime.clock.monotonic(),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<void> {
    if (this.#state !== "idle") throw closedError();
    this.#state = "starting";
    try {
      this.#session = await this.#open();
    } catch (error) {
      this.#finish();
      throw error;
    }
    // It was stopped while the backend was opened.
    if (this.#over.signal.aborted) throw closedError();
    this.#state = "running";
    this.#running = this.#session.run(this.#over.signal);
    this.#parts.runtime.log.info("Beat is ready.", { schedules: this.#parts.code.all().size });
  }

  async #open(): Promise<BeatSession> {
    const { runtime, code, sender } = this.#parts;
    const { leaseMs, reloadMs } = this.#options;
    await runtime.ready();
    const { name: app, tasks } = runtime;
    for (const definition of code.all().values()) requireResults(definition, tasks.get(definition.task)?.options);
    const log = runtime.log.child({ part: "beat" });
    const store = await openScheduleStore(runtime);
    const backend = await runtime.backend();
    const { coordination, results } = backend ?? {};
    requireCoordination(coordination, app);
    if (backend !== undefined) refusePrivateLocks(backend, app);
    const clock = new ServerClock({ clock: runtime.clock, log, ask: serverTimeOf(backend) });
    const holder = randomUUID();
    const leadership = new Leadership({ coordination, clock, log, name: `beat:${app}`, holder, leaseMs });
    const cancel = (taskId: string): Promise<unknown> =>
      cancelTask(taskId, { runtime, terminate: true, expiresInMs: 86_400_000 });
    const publisher = new TickPublisher({
      app,
      clock,
      log,
      store,
      sender,
      slot: new OverlapSlot({ app, tasks, coordination, results, cancel }),
      missedAfterMs: Math.max(30_000, 2 * leaseMs),
      isLeader: () => leadership.isHeld && !this.#over.signal.aborted,
      onPublished: (instantMs) => (this.#lastTickAtMs = instantMs),
    });
    const isBrokerAway = async (): Promise<boolean> => (await runtime.connection()).state !== "open";
    return new BeatSession({ clock, log, code, store, leadership, publisher, reloadMs, isBrokerAway });
  }

  #finish(): void {
    if (this.#state !== "stopped") this.#parts.runtime.log.info("Beat has stopped.");
    this.#state = "stopped";
    this.#closed.resolve();
  }
}

function requireCoordination(
  coordination: Coordination | undefined,
  app: string,
): asserts coordination is Coordination {
  if (coordination !== undefined) return;
  throw new FeatureUnsupportedError(
    `A beat needs a backend with locks, such as sqlite:, redis: or postgres:; that of app "${app}" has none. Name one as \`coordination\`.`,
  );
}

/** Beats that share their schedules would each hold a lead of its own. */
function refusePrivateLocks(backend: Backend, app: string): void {
  if (backend.capabilities.reach === "process" || coordinationReach(backend) !== "process") return;
  throw new FeatureUnsupportedError(
    `App "${app}" keeps locks inside one process (coordination: memory:) beside a backend that others share: each of its beats would lead, and publish every tick. ` +
      "Leave `coordination` out, or name one that they share, such as redis: or postgres:.",
  );
}

function closedError(): ClosedError {
  return new ClosedError("The beat was stopped. Make another one to go on.");
}
