import type { Timer } from "@lovage/foundation";
import type { Delivery } from "@lovage/transport";
import type { TaskDefinition } from "../../app/task-definition.ts";
import type { TaskCall } from "../../protocol/task-call.ts";
import { TaskRevokedError } from "../../result/errors.ts";
import type { TaskTransactionError } from "./errors.ts";
import type { Intake } from "../intake/intake.ts";
import type { Outcome } from "./outcome.ts";
import type { Marks } from "./task-marks.ts";

/** How a delivery is settled: by itself, or by messages in its place once it was acknowledged early. */
export type Settlement = Pick<Delivery, "ack" | "release" | "reject">;

/** Called with the outcome of a run, once. */
export type EndOfRun = (run: TaskRun, outcome: Outcome) => void;

/** What a run is made of. */
export interface TaskRunParts {
  readonly delivery: Delivery;
  readonly call: TaskCall;
  readonly definition: TaskDefinition | undefined;
  readonly intake: Intake;
  readonly onEnd: EndOfRun;
}

/**
 * One delivery of one call in the hands of this worker.
 *
 * | state | entered | what its function may still do |
 * |---|---|---|
 * | admitted | made | – |
 * | running | `start` | everything |
 * | ended | the first `end` | nothing: methods of its context throw `TASK_ENDED`, what it returns is thrown away |
 */
export class TaskRun {
  readonly delivery: Delivery;
  readonly call: TaskCall;
  /** `undefined` for a task that this worker does not know. */
  readonly definition: TaskDefinition | undefined;
  /** Where it came from. */
  readonly intake: Intake;
  settlement: Settlement;
  /** Those that are kept beside its message. */
  marks: Marks = {};
  /** By the monotonic clock; -1 before it runs. */
  startedAtMs = -1;
  runtimeMs = 0;
  /** Its time limits; stopped when it ends. */
  limits: Timer | undefined;
  /** Its function is not running: not yet, or not any more. A run that ends before is abandoned by it. */
  hasReturned = true;
  /** What its transaction was ended by, if the broker failed: to be told from all else that may be thrown without a look at it. */
  failedTransaction: TaskTransactionError | undefined;
  readonly #onEnd: EndOfRun;
  #completion: Outcome | undefined;
  #controller: AbortController | undefined;
  #abortReason: Error | undefined;
  /** Listens to the delivery's signal once there is one of the function's own. */
  #lose: (() => void) | undefined;
  #isRevoked = false;
  #isEnded = false;
  #held: Promise<void> | undefined;

  constructor({ delivery, call, definition, intake, onEnd }: TaskRunParts) {
    this.delivery = delivery;
    this.call = call;
    this.definition = definition;
    this.intake = intake;
    this.settlement = delivery;
    this.#onEnd = onEnd;
  }

  /** It has ended in a transaction, whatever its function still does. */
  get isComplete(): boolean {
    return this.#completion !== undefined;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The call was cancelled while the run was under way. */
  get isRevoked(): boolean {
    return this.#isRevoked;
  }

  /** Another worker has the message, or will: nothing may be written any more. */
  get isLost(): boolean {
    return this.delivery.signal.aborted;
  }

  /** It was acknowledged before it ran, and cannot be given back. */
  get isAcknowledged(): boolean {
    return this.settlement !== this.delivery;
  }

  get isResultIgnored(): boolean {
    return this.call.ignoreResult ?? this.definition?.options.ignoreResult ?? false;
  }

  /** What the function is given. Made when it is first asked for, because most tasks never do and signals are dear. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#lose = () => this.abort(this.delivery.signal.reason as Error);
      if (this.delivery.signal.aborted) this.#lose();
      else this.delivery.signal.addEventListener("abort", this.#lose, { once: true });
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  /** Aborts the function's signal; the first reason stays. */
  abort(reason: Error): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(this.#abortReason);
  }

  /** The call was cancelled: the function is told, and its outcome will be REVOKED. */
  revoke(): void {
    if (this.#isEnded || this.#isRevoked) return;
    this.#isRevoked = true;
    this.abort(new TaskRevokedError(this.call.id));
  }

  /** All has been recorded: this will be the outcome when the function returns, however it does. */
  complete(outcome: Outcome): void {
    this.#completion ??= outcome;
  }

  /** Its transaction is being committed, and decides how the run ends: until the function it gives is called, whatever else would end it waits. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  /** Ends the run; only the first outcome counts. */
  end(given: Outcome): void {
    if (this.#isEnded) return;
    if (this.#held !== undefined) return void this.#held.then(() => this.end(given));
    const outcome = this.#completion ?? given;
    this.#isEnded = true;
    this.limits?.cancel();
    if (this.#lose !== undefined) this.delivery.signal.removeEventListener("abort", this.#lose);
    this.#onEnd(
      this,
      this.#isRevoked && !this.isComplete && outcome.kind !== "dropped"
        ? { kind: "revoked", reason: "revoked" }
        : outcome,
    );
  }
}
