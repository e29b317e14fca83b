import type { ResultRecord } from "@lovage/backend";
import type { Clock, Log } from "@lovage/foundation";
import type { OutgoingMessage } from "@lovage/transport";
import type { TaskOutcome } from "../../canvas/follow-up.ts";
import type { Producer } from "../../app/app-runtime.ts";
import { describeError } from "../../protocol/describe-error.ts";
import { endingOf } from "./ending.ts";
import type { Ending } from "./ending.ts";
import { FollowUpError } from "../run/errors.ts";
import { hasFollowUps, nothing } from "./hand-over.ts";
import type { Arrived, HandOver, Prepared } from "./hand-over.ts";
import { keepTrying, unwanted } from "../run/keep-trying.ts";
import type { KeptMarks } from "../run/kept-marks.ts";
import type { Retrying } from "../run/keep-trying.ts";
import { isOfAnother } from "../run/another-message.ts";
import type { Outcome } from "../run/outcome.ts";
import type { RecordContent } from "../run/record-content.ts";
import type { ResultRecords } from "./result-records.ts";
import type { WriteOutcome } from "./waiting-record.ts";
import { isGone, settleDelivery } from "./settle-delivery.ts";
import { markedCopy, withoutMarks } from "../run/task-marks.ts";
import type { TaskRun } from "../run/task-run.ts";

/** What a settler works with. */
export interface SettlerParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Ends all attempts. */
  readonly signal: AbortSignal;
  /** What is asked of the backend or the broker again. */
  readonly retrying?: Retrying;
  readonly producer: Producer;
  /** `undefined` without a backend for results. */
  readonly records: ResultRecords | undefined;
  readonly handOver: HandOver;
  readonly keptMarks: KeptMarks;
  /** What becomes of a task whose result cannot be stored: a failed attempt, by its policy. */
  decide(run: TaskRun, thrown: unknown): Outcome;
  /** How a run has ended in fact; called once for each that is settled. */
  onSettled(run: TaskRun, outcome: Outcome): void;
}

/**
 * Whether the lease of a shorter run was lost is not asked, because asking makes an abort signal, which costs more than most tasks. The fence
 * of the result and the acknowledgement find out all the same.
 */
const askAfterMs = 1_000;

/** `another's`: there is a record of another message of the same id, which stands for now. */
type Written = "stored" | "another's";

type Ended = Exclude<Outcome, { kind: "postponed" | "dropped" }>;

/**
 * Ends deliveries: stores the result, then acknowledges together with what comes after, so that a crash between the two leads to a redelivery that finds
 * the result. What another delivery of the same message has written stands above all that this one does.
 */
export class Settler {
  readonly #parts: SettlerParts;

  constructor(parts: SettlerParts) {
    this.#parts = parts;
  }

  /** Settles a run. Never rejects. */
  settle(run: TaskRun, outcome: Outcome): Promise<void> {
    if (outcome.kind === "success" && outcome.settled !== undefined) return this.#record(run, outcome);
    const needsNothing = outcome.kind === "success" && !this.#hasRecord(run) && !hasFollowUps(run.call);
    if (!needsNothing) return this.#settleSafely(run, outcome);
    // The short way: one acknowledgement, and no promise beside its own.
    return run.settlement.ack().then(
      () => this.#parts.onSettled(run, outcome),
      (error: unknown) => (isGone(error) ? this.#drop(run, "its lease was lost") : this.#settleSafely(run, outcome)),
    );
  }

  /** The delivery was acknowledged with the task's own transaction; a result that is kept elsewhere is still to be stored. Never rejects. */
  async #record(run: TaskRun, outcome: Extract<Outcome, { kind: "success" }>): Promise<void> {
    const { records } = this.#parts;
    const record = outcome.settled?.record;
    if (record !== undefined && records !== undefined) {
      await this.#recordDone(run, async () => {
        const written = await records.put(run, record);
        if (written === "stale" && isOfAnother(await records.find(run), run)) await records.putOver(run, record);
      });
    }
    this.#parts.onSettled(run, outcome);
  }

  async #recordDone(run: TaskRun, record: () => Promise<unknown>): Promise<void> {
    try {
      await record();
    } catch (error) {
      this.#parts.log.error("The result of a task that is done cannot be stored.", { ...namesOf(run), error });
    }
  }

  async #settleSafely(run: TaskRun, outcome: Outcome): Promise<void> {
    try {
      await this.#settle(run, outcome);
    } catch (error) {
      await this.#bury(run, error);
    }
  }

  async #settle(run: TaskRun, outcome: Outcome): Promise<void> {
    if (outcome.kind === "dropped") return this.#drop(run, outcome.why);
    if (run.runtimeMs >= askAfterMs && run.isLost) return this.#drop(run, "its lease was lost");
    if (outcome.kind === "postponed") return this.#postpone(run, outcome);
    const ending = endingOf(run, outcome);
    const needsMessages = ending.retry !== undefined || hasFollowUps(run.call);
    const prepared = needsMessages ? await this.#prepare(run, ending, outcome) : nothing;
    if ("kind" in prepared) return this.#settle(run, prepared);
    const written = await this.#write(run, ending, { outcome, prepared });
    if (written !== "stored" && written !== "another's") return this.#settle(run, written);
    await this.#finish(run, outcome, { ending, prepared, isOver: written === "another's" });
  }

  #hasRecord(run: TaskRun): boolean {
    return this.#parts.records !== undefined && !run.isResultIgnored;
  }

  /** The messages that go out with the acknowledgement, made before the result is stored: what cannot be sent is a failure of the task. */
  async #prepare(run: TaskRun, ending: Ending, outcome: Ended): Promise<Prepared | Outcome> {
    const { handOver } = this.#parts;
    const { end, retry } = ending;
    try {
      const attempt = async (): Promise<Prepared> => {
        if (retry !== undefined) return { ...nothing, messages: [await this.#retryMessage(run, retry)] };
        return end === undefined ? nothing : handOver.prepare(run, end);
      };
      const prepared = await keepTrying(attempt, this.#whileHeld(run));
      return prepared === unwanted ? { kind: "dropped", why: "its lease was lost" } : prepared;
    } catch (error) {
      if (outcome.kind === "success" || outcome.kind === "retry") return this.#unsendable(run, error);
      if (outcome.kind !== "failure" && outcome.kind !== "revoked") throw error;
      this.#parts.log.error("What comes after a task that did not succeed cannot be sent.", { ...namesOf(run), error });
      return end === undefined ? nothing : this.#prepareRest(run, end);
    }
  }

  /** Those who would wait in vain are told of such an end, though its errbacks cannot be sent, or what comes after it cannot be read. Nothing of it is a message. */
  async #prepareRest({ call }: TaskRun, end: TaskOutcome): Promise<Prepared> {
    const { chain, chord } = call.embed;
    for (const embed of [{ ...(chain && { chain }), ...(chord && { chord }) }, { ...(chord && { chord }) }]) {
      try {
        return await this.#parts.handOver.prepare({ call: { ...call, embed } }, end);
      } catch (error) {
        this.#parts.log.debug("What comes after a task cannot be told.", { taskId: call.id, error });
      }
    }
    return nothing;
  }

  #unsendable(run: TaskRun, cause: unknown): Outcome {
    return { kind: "failure", error: new FollowUpError(run.call.task, { cause }), reason: "failed" };
  }

  async #retryMessage({ delivery, call }: TaskRun, time: NonNullable<Ending["retry"]>): Promise<OutgoingMessage> {
    const message = await this.#parts.producer.prepareRetry(delivery, call, { ...time, queue: delivery.queue });
    return withoutMarks(message);
  }

  /** Stores the result. Answers with another outcome where that has been decided elsewhere, or where it cannot be stored. */
  async #write(
    run: TaskRun,
    { record }: Ending,
    at: { outcome: Ended; prepared: Prepared },
  ): Promise<Written | Outcome> {
    if (record === undefined || this.#parts.records === undefined || run.isResultIgnored) return "stored";
    try {
      const written = await this.#parts.records.put(run, contentOf(record, at.prepared));
      return written === "stored" ? written : await this.#afterWrite(run, at.outcome, written);
    } catch (error) {
      if (at.outcome.kind === "success") return this.#parts.decide(run, error);
      this.#parts.log.error("The result of a task cannot be stored.", { ...namesOf(run), error });
      return "stored";
    }
  }

  async #afterWrite(
    run: TaskRun,
    outcome: Ended,
    written: Exclude<WriteOutcome, "stored">,
  ): Promise<Written | Outcome> {
    if (written === "unwanted") return { kind: "dropped", why: "its lease was lost" };
    if (written === "stale") return this.#afterStale(run);
    if (outcome.kind === "failure" && outcome.reason === "undecodable") return "stored";
    const record = await this.#recordOf(run);
    // Also of one that is not to run any more: it has run, and what follows a success is still to be sent.
    if (record?.state === "SUCCESS") return { kind: "repeated", document: record.document };
    return outcome.kind === "revoked" ? "stored" : { kind: "revoked", reason: "revoked" };
  }

  /**
   * The record is of a newer delivery: should the lease be held after all, the next one speaks with a newer fence. Where it is another message's, none of
   * this one's ever would: it ends like any, and its success is stored once the acknowledgement has shown that it is no zombie's.
   */
  async #afterStale(run: TaskRun): Promise<Written | Outcome> {
    const record = await this.#recordOf(run);
    if (run.isLost) return { kind: "dropped", why: "its lease was lost" };
    return isOfAnother(record, run) ? "another's" : { kind: "postponed", delayMs: 0 };
  }

  async #recordOf(run: TaskRun): Promise<ResultRecord | undefined> {
    const { records } = this.#parts;
    if (records === undefined) return undefined;
    const found = await keepTrying(() => records.find(run), this.#whileHeld(run));
    return found === unwanted ? undefined : found;
  }

  async #finish(
    run: TaskRun,
    outcome: Ended,
    { ending, prepared, isOver }: { ending: Ending; prepared: Prepared; isOver: boolean },
  ): Promise<void> {
    const { handOver, records } = this.#parts;
    const arrived =
      prepared === nothing ? undefined : await keepTrying(() => handOver.arrive(run, prepared), this.#whileHeld(run));
    if (arrived === unwanted) return this.#drop(run, "its lease was lost");
    const messages = arrived?.messages ?? prepared.messages;
    const { death, record } = ending;
    const settle = () => (death === undefined ? run.settlement.ack(messages) : run.settlement.reject(death, messages));
    const how = await settleDelivery(run, settle, this.#parts);
    if (how === "lost") return this.#drop(run, "its lease was lost");
    if (arrived !== undefined) await this.#closeJoins(arrived);
    if (isOver && record?.state === "SUCCESS")
      await this.#recordDone(run, async () => records?.putOver(run, contentOf(record, prepared)));
    this.#parts.onSettled(run, outcome);
  }

  /** A join that stays open expires by itself. */
  async #closeJoins(arrived: Arrived): Promise<void> {
    try {
      await this.#parts.handOver.close(arrived);
    } catch (error) {
      this.#parts.log.debug("A finished join stays open until it expires.", { error });
    }
  }

  async #postpone(run: TaskRun, outcome: Extract<Outcome, { kind: "postponed" }>): Promise<void> {
    const { delayMs, mark, isDouble = false } = outcome;
    const { delivery } = run;
    const { keptMarks } = this.#parts;
    const isInPlace = keptMarks.areFor(run);
    if (isInPlace && !(await keptMarks.write(run, delayMs, mark))) return this.#drop(run, "its lease was lost");
    const settle =
      mark === undefined || isInPlace
        ? () => run.settlement.release({ delayMs, isDouble })
        : () => delivery.ack([markedCopy(delivery, { delayMs, marks: mark })]);
    const how = await settleDelivery(run, settle, this.#parts);
    if (how === "lost") this.#drop(run, "its lease was lost");
    else this.#parts.onSettled(run, outcome);
  }

  /** The last resort for what can be settled in no other way: a dead letter says what went wrong. */
  async #bury(run: TaskRun, error: unknown): Promise<void> {
    if (run.isLost) return this.#leave(run, error);
    this.#parts.log.error("A task cannot be settled and becomes a dead letter.", { ...namesOf(run), error });
    const { type, message } = describeError(error);
    const detail = `The task has run, but its end could not be recorded: ${type}: ${message}`;
    try {
      const how = await settleDelivery(run, () => run.settlement.reject({ reason: "failed", detail }), this.#parts);
      if (how === "lost") return this.#drop(run, "its lease was lost");
      this.#parts.onSettled(run, { kind: "failure", error, reason: "failed" });
    } catch (cause) {
      this.#leave(run, cause);
    }
  }

  /** The broker has refused a rejection, and lets go of what it was for: the lease ends, and the message comes again. */
  #leave(run: TaskRun, error: unknown): void {
    const text = run.isAcknowledged
      ? "A task that was acknowledged before it ran cannot become a dead letter; nothing of it is left."
      : "A task can be neither acknowledged nor dead-lettered; it comes again when its lease has ended.";
    this.#parts.log.error(text, { ...namesOf(run), error });
    this.#drop(run, "it could not be settled");
  }

  #drop(run: TaskRun, why: string): void {
    this.#parts.onSettled(run, { kind: "dropped", why });
  }

  #whileHeld(run: TaskRun) {
    return { ...this.#parts, isWanted: () => !run.isLost };
  }
}

function contentOf(record: RecordContent, { children }: Prepared): RecordContent {
  return children.length === 0 ? record : { ...record, children };
}

function namesOf({ call, delivery }: TaskRun): {
  readonly task: string;
  readonly taskId: string;
  readonly queue: string;
} {
  return { task: call.task, taskId: call.id, queue: delivery.queue };
}
