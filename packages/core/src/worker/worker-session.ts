import type { Backend } from "@lovage/backend";
import { GracePeriod, within } from "@lovage/foundation";
import type { Log } from "@lovage/foundation";
import type { Connection, Delivery } from "@lovage/transport";
import type { AppRuntime } from "../app/app-runtime.ts";
import { ServerClock, serverTimeOf } from "../app/server-clock.ts";
import { Dispatcher } from "./intake/dispatcher.ts";
import { Intake } from "./intake/intake.ts";
import { keepTrying } from "./run/keep-trying.ts";
import { KeptMarks } from "./run/kept-marks.ts";
import type { Retrying } from "./run/keep-trying.ts";
import { Pipeline } from "./pipeline.ts";
import { ProgressWriter } from "./settlement/progress-writer.ts";
import { ResultRecords } from "./settlement/result-records.ts";
import { ResultWriter } from "./settlement/result-writer.ts";
import { RunClaims } from "./admission/run-claims.ts";
import { RevocationFeed } from "./admission/revocation-feed.ts";
import { Revocations } from "./admission/revocations.ts";
import { RunLog } from "./execution/run-log.ts";
import { requireCoordination } from "./require-coordination.ts";
import { requireHoldTime } from "./require-hold-time.ts";
import { isGone } from "./settlement/settle-delivery.ts";
import { Upkeep } from "./upkeep.ts";
import { warnOfPriorities } from "./warn-of-priorities.ts";
import type { HealthFacts } from "./worker-health.ts";
import type { ResolvedWorkerOptions } from "./worker-options.ts";

/** What a session is made of. */
export interface WorkerSessionParts {
  readonly runtime: AppRuntime;
  readonly options: ResolvedWorkerOptions;
  readonly connection: Connection;
  readonly backend: Backend | undefined;
  readonly log: Log;
  /** Functions that do not obey their signals would fill all slots. */
  readonly onExhausted: () => void;
}

/** After so long without any end, running tasks count as long. */
const stalledMs = 1_000;

/** After the grace, to record how those have ended that cannot be given back. */
const recordingMs = 1_000;

/** A worker at work: all that is there from its start to its stop. */
export class WorkerSession {
  readonly #parts: WorkerSessionParts;
  readonly #clock: ServerClock;
  readonly #log: Log;
  readonly #runLog: RunLog;
  /** Ends whatever still tries or waits when all is over. */
  readonly #over = new AbortController();
  readonly #intakes: readonly Intake[];
  readonly #dispatcher: Dispatcher;
  readonly #claims: RunClaims;
  readonly #keptMarks: KeptMarks;
  readonly #pipeline: Pipeline;
  readonly #writer: ResultWriter | undefined;
  readonly #feed: RevocationFeed;
  readonly #upkeep: Upkeep;
  readonly #grace: GracePeriod;
  readonly #retrying: Retrying = { count: 0 };
  /** All slots are taken by long tasks; what was fetched was given back. */
  #isStalled = false;
  #stopping: Promise<void> | undefined;
  /** Resolves when the ends of what could not be given back are recorded. */
  #recorded: Promise<void> | undefined;
  #isStopping = false;

  constructor(parts: WorkerSessionParts) {
    this.#parts = parts;
    const { connection, backend, log } = parts;
    this.#clock = new ServerClock({ clock: parts.runtime.clock, log, ask: serverTimeOf(connection, backend) });
    this.#grace = new GracePeriod(this.#clock);
    this.#log = log;
    this.#runLog = new RunLog(parts.log);
    const revocations = new Revocations((taskId) => this.#pipeline.revoke(taskId));
    this.#writer = this.#createWriter();
    const asking = {
      clock: this.#clock,
      log: this.#log,
      signal: this.#over.signal,
      retrying: this.#retrying,
      backend,
      capabilitiesOf: (queue: string) => connection.capabilitiesOf(queue),
    };
    this.#claims = new RunClaims(asking);
    this.#keptMarks = new KeptMarks(asking);
    this.#pipeline = this.#createPipeline(revocations);
    this.#intakes = parts.options.queues.map((queue) => this.#createIntake(queue));
    this.#dispatcher = this.#createDispatcher();
    this.#feed = this.#createFeed(revocations);
    this.#upkeep = new Upkeep({
      clock: this.#clock,
      log: this.#log,
      backend: parts.backend,
      everySecond: () => this.#everySecond(),
      isBusy: () => this.#isBusy,
      readRevocations: () => this.#feed.read(),
      refreshClock: () => this.#clock.refresh(),
    });
  }

  /** Begins to take tasks. @throws FEATURE_UNSUPPORTED, and as `declare` and `consume` of the connection */
  async open(): Promise<void> {
    const { runtime, connection, backend } = this.#parts;
    requireCoordination(runtime, connection, backend);
    const queues = this.#intakes.map(({ queue }) => queue);
    for (const queue of queues) await runtime.producer.declareQueue(queue);
    requireHoldTime(runtime, connection, queues);
    warnOfPriorities(runtime, connection, queues);
    await Promise.all([this.#feed.open(), this.#clock.refresh(0)]);
    for (const intake of this.#intakes) {
      if (this.#isStopping) return;
      await intake.open(connection);
    }
    if (!this.#isStopping) this.#upkeep.start();
  }

  /**
   * Takes nothing more, gives back what was not started and lets what runs end within the grace; then aborts and gives back that as well.
   * Called again, it may shorten the grace. Never rejects.
   */
  stop(graceMs: number): Promise<void> {
    this.#grace.limit(graceMs);
    this.#isStopping = true;
    // Before the consumers give back the rest: what the pipeline gives back says more.
    this.#recorded ??= this.#grace.over.then(() => this.#pipeline.giveBackAll());
    const closing = this.#intakes.map((intake) => intake.close(graceMs));
    return (this.#stopping ??= this.#stop(closing, this.#recorded));
  }

  failCurrent(error: unknown): boolean {
    return this.#pipeline.failCurrent(error);
  }

  facts(): Omit<HealthFacts, "state"> {
    const nowMs = this.#clock.monotonic();
    const { oldestStartAtMs } = this.#pipeline;
    return {
      broker: this.#parts.connection.state,
      concurrency: this.#parts.options.concurrency,
      running: this.#dispatcher.taken,
      settling: this.#pipeline.settling,
      abandoned: this.#pipeline.abandoned,
      stuck: this.#pipeline.stuck,
      buffered: this.#intakes.reduce((sum, { buffered }) => sum + buffered, 0),
      oldestRunningMs: oldestStartAtMs === undefined ? undefined : nowMs - oldestStartAtMs,
      queues: this.#intakes.map(({ health }) => health),
      isBackendFailing: this.#writer?.isFailing ?? false,
      isRetrying: this.#retrying.count > 0 || this.#parts.connection.isRepeating === true,
      idleMs: nowMs - this.#pipeline.lastStepAtMs,
    };
  }

  async #stop(closing: readonly Promise<void>[], recorded: Promise<void>): Promise<void> {
    this.#pipeline.giveBackUnstarted();
    this.#checkQuiet();
    await this.#grace.over;
    // With the broker away nothing can be given back, however long the grace.
    if (this.#parts.connection.state !== "open") for (const intake of this.#intakes) void intake.close(0);
    await Promise.all(closing);
    // What could not be recorded in time is told by the settler, which ends with all else now.
    await within(this.#clock, recordingMs, recorded);
    // Not sooner: what runs within the grace keeps its key, and may be cancelled.
    const upkeep = this.#upkeep.stop();
    this.#over.abort();
    await Promise.all([upkeep, this.#feed.close()]);
    this.#runLog.tellLost();
  }

  readonly #checkQuiet = (): void => {
    if (this.#isStopping && this.#dispatcher.taken === 0 && this.#pipeline.settling === 0) this.#grace.end();
  };

  /** Whether anything runs, is settled, or waits to run. */
  get #isBusy(): boolean {
    const { settling, abandoned } = this.#pipeline;
    return this.#dispatcher.taken + settling + abandoned > 0 || this.#intakes.some(({ buffered }) => buffered > 0);
  }

  #everySecond(): void {
    const { concurrency } = this.#parts.options;
    const sinceMs = this.#clock.monotonic() - this.#pipeline.lastStepAtMs;
    // Until a slot is free: what is recorded meanwhile ends nothing, and only the free slot fetches again.
    this.#isStalled ||= this.#dispatcher.taken >= concurrency && sinceMs >= stalledMs;
    for (const intake of this.#intakes) {
      intake.age();
      if (this.#isStalled && !this.#isStopping) intake.stall(sinceMs);
    }
    this.#runLog.tellLost();
    if (this.#pipeline.stuck >= concurrency && !this.#isStopping) this.#parts.onExhausted();
  }

  #createWriter(): ResultWriter | undefined {
    const results = this.#parts.backend?.results;
    if (results === undefined) return undefined;
    const { signal } = this.#over;
    return new ResultWriter({
      results,
      clock: this.#clock,
      log: this.#log,
      signal,
      retrying: this.#retrying,
      onRecovery: () => this.#dispatcher.wake(),
    });
  }

  #createPipeline(revocations: Revocations): Pipeline {
    const { runtime, connection, backend, options } = this.#parts;
    const { settings, producer, tasks } = runtime;
    const shared = { clock: this.#clock, log: this.#log, runLog: this.#runLog, retrying: this.#retrying };
    const writer = this.#writer;
    const results = backend?.results;
    const records =
      writer === undefined || results === undefined
        ? undefined
        : new ResultRecords({ writer, results, clock: this.#clock, maxBytes: settings.maxPayloadBytes });
    return new Pipeline({
      ...shared,
      signal: this.#over.signal,
      connection,
      backend,
      producer,
      tasks,
      records,
      revocations,
      progress: new ProgressWriter(records),
      claims: this.#claims,
      keptMarks: this.#keptMarks,
      acceptContent: settings.acceptContent,
      timezone: settings.timezone,
      unknownTaskTtlMs: settings.unknownTaskTtlMs,
      delayHorizonMs: connection.capabilities.delayHorizonMs,
      identity: { pid: process.pid, hostname: options.name },
      listener: options.listener,
      random: Math.random,
      onFree: () => this.#freed(),
      onSettled: this.#checkQuiet,
    });
  }

  #arrived(): void {
    this.#dispatcher.wake();
    this.#upkeep.wake();
  }

  #freed(): void {
    if (this.#isStalled) {
      this.#isStalled = false;
      for (const intake of this.#intakes) intake.resume();
    }
    this.#dispatcher.free();
    this.#checkQuiet();
  }

  #createIntake(queue: string): Intake {
    const { options, runtime } = this.#parts;
    return new Intake({
      queue,
      concurrency: options.concurrency,
      setting: options.prefetch,
      maxDeliveries: runtime.settings.maxDeliveries,
      clock: this.#clock,
      onArrival: () => this.#arrived(),
      onExhausted: (delivery, intake) => this.#pipeline.exhaust(delivery, intake),
      giveBack: (delivery) => void this.#giveBack(delivery),
    });
  }

  #createDispatcher(): Dispatcher {
    return new Dispatcher({
      clock: this.#clock,
      concurrency: this.#parts.options.concurrency,
      intakes: this.#intakes,
      mayStart: () => this.#writer?.isFailing !== true,
      start: (delivery, intake) => this.#pipeline.begin(delivery, intake),
    });
  }

  #createFeed(revocations: Revocations): RevocationFeed {
    const { options, backend, connection } = this.#parts;
    const { results } = backend ?? {};
    return new RevocationFeed({
      revocations,
      node: options.name,
      log: this.#log,
      results,
      broadcast: connection.broadcast,
    });
  }

  /** Nobody waits for it; where it is refused for good, the end of the lease does its work. Never rejects. */
  async #giveBack(delivery: Delivery): Promise<void> {
    const isWanted = (): boolean => !delivery.signal.aborted;
    try {
      await keepTrying(() => delivery.release(), { clock: this.#clock, signal: this.#over.signal, isWanted });
    } catch (error) {
      if (!isGone(error)) this.#log.warn("A message could not be given back.", { queue: delivery.queue, error });
    }
  }
}
