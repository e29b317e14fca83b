import { AsyncResource } from "node:async_hooks";
import { UnderWay, type Clock } from "@lovage/foundation";
import type { Connection, Delivery } from "@lovage/transport";
import { currentTask } from "../app/current-task.ts";
import { AbandonedRuns } from "./execution/abandoned-runs.ts";
import { admit } from "./admission/admit.ts";
import type { Admission, AdmissionParts } from "./admission/admit.ts";
import { BatchInstant } from "./settlement/batch-instant.ts";
import { earlySettlement } from "./settlement/early-settlement.ts";
import { EscapedError, PoisonMessageError, WorkerShutdownError } from "./run/errors.ts";
import { execute } from "./execution/execute.ts";
import type { ExecutionParts } from "./execution/execute.ts";
import { completeInTransaction } from "./settlement/complete-in-transaction.ts";
import { afterFailedTransaction } from "./settlement/failed-transaction.ts";
import { HandOver } from "./settlement/hand-over.ts";
import type { Intake } from "./intake/intake.ts";
import type { Outcome } from "./run/outcome.ts";
import type { ProgressWriter } from "./settlement/progress-writer.ts";
import { readDelivery } from "./admission/read-delivery.ts";
import type { ReadingParts } from "./admission/read-delivery.ts";
import { decideRetry } from "./execution/retry-policy.ts";
import type { RunLog } from "./execution/run-log.ts";
import { settleDelivery } from "./settlement/settle-delivery.ts";
import { startedMark } from "./run/task-marks.ts";
import { Settler } from "./settlement/settler.ts";
import type { SettlerParts } from "./settlement/settler.ts";
import type { TaskRun } from "./run/task-run.ts";
import type { WorkerListener } from "./worker-options.ts";

/** What a pipeline works with. */
export interface PipelineParts
  extends Omit<SettlerParts, "decide" | "onSettled" | "handOver">, AdmissionParts, Omit<ReadingParts, "onEnd"> {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly progress: ProgressWriter;
  readonly runLog: RunLog;
  readonly listener: WorkerListener;
  /** What STARTED tells of this worker. */
  readonly identity: { readonly pid: number; readonly hostname: string };
  /** A slot is free again. */
  readonly onFree: () => void;
  /** A delivery is out of our hands. */
  readonly onSettled: () => void;
}

/** What copies of a run are to know of it. One that has failed may be replayed. */
const endOfClaim: Partial<Record<Outcome["kind"], "succeeded" | "retried">> = {
  success: "succeeded",
  retry: "retried",
};

/** One task's way through a worker: read, admitted, run, settled. */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #reading: ReadingParts;
  readonly #execution: ExecutionParts;
  readonly #settler: Settler;
  /** Those that are admitted or run over more than one turn. */
  readonly #live = new Set<TaskRun>();
  /** Of the live ones, those whose admission asks the backend. */
  readonly #asking = new Set<TaskRun>();
  readonly #abandoned: AbandonedRuns;
  /** Settlements of runs that were acknowledged before. */
  readonly #recording = new UnderWay();
  readonly #settledAt: BatchInstant;
  #settling = 0;
  /** The grace of its stop has passed: the consumers give back what is left unsettled now. */
  #isGraceOver = false;
  #lastStepAtMs: number;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#lastStepAtMs = parts.clock.monotonic();
    this.#abandoned = new AbandonedRuns(parts.clock);
    this.#settledAt = new BatchInstant(parts.clock);
    const { acceptContent = [], timezone = "UTC", tasks } = parts;
    this.#reading = { acceptContent, timezone, tasks, onEnd: this.#onEnd };
    const handOver = new HandOver(parts);
    this.#execution = {
      ...parts,
      scope: new AsyncResource("lovage.task", { requireManualDestroy: true }),
      decide: this.#decide,
      returnedLate: (run) => this.#abandoned.delete(run),
      transact: (run, work) => completeInTransaction(run, work, { records: parts.records, handOver }),
    };
    this.#settler = new Settler({
      ...parts,
      handOver,
      decide: this.#decide,
      onSettled: this.#onSettled,
    });
  }

  /** Deliveries that have run and are not settled yet. */
  get settling(): number {
    return this.#settling;
  }

  get abandoned(): number {
    return this.#abandoned.size;
  }

  /** Functions that go on though their runs have ended, and not only to clean up. */
  get stuck(): number {
    return this.#abandoned.stuck;
  }

  /** When something was last ended or settled, by the monotonic clock. */
  get lastStepAtMs(): number {
    return this.#lastStepAtMs;
  }

  /** Start of the run that has run longest, by the monotonic clock; `undefined`: none runs. */
  get oldestStartAtMs(): number | undefined {
    let oldestMs: number | undefined;
    for (const { startedAtMs } of this.#live) {
      if (startedAtMs >= 0 && startedAtMs < (oldestMs ?? Infinity)) oldestMs = startedAtMs;
    }
    return oldestMs;
  }

  /** Takes a delivery into a slot, which is free again when the run has ended. */
  begin(delivery: Delivery, intake: Intake): void {
    const { run, fault } = readDelivery(delivery, intake, this.#reading);
    if (fault !== undefined) return run.end(fault);
    try {
      const admission = admit(run, this.#parts);
      if (admission instanceof Promise) this.#proceedLater(run, admission);
      else this.#proceed(run, admission);
    } catch (error) {
      run.end(this.#decide(run, error));
    }
  }

  /** Ends a message whose consumers were lost too often. Takes no slot. */
  exhaust(delivery: Delivery, intake: Intake): void {
    const { run } = readDelivery(delivery, intake, this.#reading);
    const error = new PoisonMessageError(run.call.task, delivery.count - 1);
    this.#parts.listener.onTaskEnded?.(run.call, "failure");
    this.#settle(run, { kind: "failure", error, reason: "poison" });
  }

  /** A call was cancelled: its function is told if it runs. */
  revoke(taskId: string): void {
    for (const run of this.#live) if (run.call.id === taskId) run.revoke();
  }

  /** Ends the run whose function has let an error escape (an unhandled rejection, a throw in a timer). Answers whether there is such a run. */
  failCurrent(error: unknown): boolean {
    const call = currentTask.getStore();
    for (const run of this.#live) {
      if (run.call !== call) continue;
      run.abort(new EscapedError(run.call.task, { cause: error }));
      run.end(this.#decide(run, error));
      return true;
    }
    return false;
  }

  /** Gives back what waits for an answer before it may start: it would start after the worker was told to stop. */
  giveBackUnstarted(): void {
    for (const run of this.#asking) run.end({ kind: "postponed", delayMs: 0 });
  }

  /**
   * Aborts all that runs and gives its messages back. What was acknowledged before it ran has failed instead. Resolves once the ends of such are recorded,
   * for which no message would come again. Never rejects.
   */
  async giveBackAll(): Promise<void> {
    this.#isGraceOver = true;
    for (const run of this.#live) {
      const error = new WorkerShutdownError(run.isAcknowledged);
      run.abort(error);
      run.end(run.isAcknowledged ? { kind: "failure", error, reason: "failed" } : this.#interrupted(run));
    }
    await this.#recording.overSoFar();
  }

  #interrupted({ call, startedAtMs }: TaskRun): Outcome {
    const isDated = call.expiresAtMs !== undefined && startedAtMs >= 0;
    const mark = { [startedMark]: this.#parts.clock.now() };
    return { kind: "postponed", delayMs: 0, ...(isDated && { mark }) };
  }

  #proceedLater(run: TaskRun, admission: Promise<Admission>): void {
    this.#live.add(run);
    this.#asking.add(run);
    admission
      .finally(() => this.#asking.delete(run))
      .then(
        (admitted) => this.#proceed(run, admitted),
        (error: unknown) => run.end(this.#decide(run, error)),
      );
  }

  #proceed(run: TaskRun, admission: Admission): void {
    if (run.isEnded) return;
    if (admission.kind !== "run") run.end(admission);
    else if (run.definition?.options.ack === "early") void this.#acknowledgeAndRun(run, admission.args);
    else this.#run(run, admission.args);
  }

  /** At most once: what happens after the acknowledgement cannot bring the message back. Never rejects. */
  async #acknowledgeAndRun(run: TaskRun, args: readonly unknown[]): Promise<void> {
    this.#live.add(run);
    try {
      const how = await settleDelivery(run, () => run.delivery.ack(), this.#parts);
      if (how === "lost") return run.end({ kind: "dropped", why: "its lease was lost" });
      run.settlement = earlySettlement(run.delivery, this.#parts);
      if (!run.isEnded) return this.#run(run, args);
      // The worker has stopped meanwhile, and could not give back what was acknowledged.
      this.#settle(run, { kind: "failure", error: new WorkerShutdownError(true), reason: "failed" });
    } catch (error) {
      run.end(this.#decide(run, error));
    }
  }

  #run(run: TaskRun, args: readonly unknown[]): void {
    // Cancelled while its admission or its early acknowledgement was waited for.
    if (run.isRevoked) return run.end({ kind: "revoked", reason: "revoked" });
    const { clock, runLog, listener, progress, identity } = this.#parts;
    if (run.definition?.options.trackStarted === true) void progress.started(run, identity);
    runLog.started(run);
    listener.onTaskStarted?.(run.call);
    run.startedAtMs = clock.monotonic();
    execute(run, args, this.#execution);
    if (!run.isEnded) this.#live.add(run);
  }

  readonly #decide = (run: TaskRun, thrown: unknown): Outcome => {
    const { definition, call, failedTransaction } = run;
    const isOfBroker = failedTransaction !== undefined && thrown === failedTransaction;
    const givenBack = isOfBroker ? afterFailedTransaction(run, failedTransaction, this.#parts.clock.now()) : undefined;
    if (givenBack !== undefined) return givenBack;
    if (definition === undefined) return { kind: "failure", error: thrown, reason: "failed" };
    return decideRetry({
      call,
      thrown,
      options: definition.options,
      nowMs: this.#parts.clock.now(),
      random: this.#parts.random,
      onFilterError: (error) =>
        this.#parts.log.error("A function in retryFor threw; it fits nothing.", { task: call.task, error }),
    });
  };

  readonly #onEnd = (run: TaskRun, outcome: Outcome): void => {
    this.#live.delete(run);
    if (run.startedAtMs >= 0) {
      this.#lastStepAtMs = this.#parts.clock.monotonic();
      run.runtimeMs = this.#lastStepAtMs - run.startedAtMs;
      run.intake.measured(run.runtimeMs);
    }
    if (!run.hasReturned) this.#abandon(run);
    this.#parts.listener.onTaskEnded?.(run.call, outcome.kind);
    this.#settle(run, outcome);
    this.#parts.onFree();
  };

  #settle(run: TaskRun, outcome: Outcome): void {
    this.#settling += 1;
    const { claims } = this.#parts;
    if (run.isAcknowledged) return this.#record(run, outcome);
    const isClaimed = outcome.kind === "postponed" && claims.windowOf(run) !== undefined;
    const freed = isClaimed ? claims.end(run, "given back") : undefined;
    // Whoever has it next is to find it free, unless it would go back without its mark for that.
    if (freed === undefined || this.#isGraceOver) void this.#settler.settle(run, outcome);
    else void freed.then(() => this.#settler.settle(run, outcome));
  }

  #record(run: TaskRun, outcome: Outcome): void {
    this.#recording.add(this.#settler.settle(run, outcome));
  }

  readonly #onSettled = (run: TaskRun, outcome: Outcome): void => {
    this.#settling -= 1;
    if (this.#parts.claims.windowOf(run) !== undefined)
      void this.#parts.claims.end(run, endOfClaim[outcome.kind] ?? "otherwise");
    const { atMs } = this.#settledAt;
    this.#lastStepAtMs = Math.max(this.#lastStepAtMs, atMs);
    run.intake.settledAt(atMs);
    this.#parts.runLog.ended(run, outcome);
    this.#parts.onSettled();
  };

  #abandon(run: TaskRun): void {
    this.#abandoned.add(run);
    this.#parts.runLog.abandoned(run);
  }
}
