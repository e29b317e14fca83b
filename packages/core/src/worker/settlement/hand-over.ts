import type { Backend, Joins } from "@lovage/backend";
import type { Clock } from "@lovage/foundation";
import { isLovageError } from "@lovage/foundation";
import { FeatureUnsupportedError } from "@lovage/transport";
import type { OutgoingMessage } from "@lovage/transport";
import type { Producer } from "../../app/app-runtime.ts";
import { chordBody, unsendableBody } from "../../canvas/chord-body.ts";
import { expandFollowUps } from "../../canvas/expand-follow-ups.ts";
import type { FollowUpContext } from "../../canvas/expand-follow-ups.ts";
import type { ChordArrival, FollowUp, FollowUps, TaskOutcome } from "../../canvas/follow-up.ts";
import { joinOpenings } from "../../canvas/join-openings.ts";
import type { ResultNode } from "../../protocol/result-tuple.ts";
import type { TaskCall } from "../../protocol/task-call.ts";
import type { ResultRecords } from "./result-records.ts";
import type { TaskRun } from "../run/task-run.ts";

/** What hands over. */
export interface HandOverParts {
  readonly clock: Clock;
  readonly producer: Producer;
  readonly backend: Backend | undefined;
  readonly records: ResultRecords | undefined;
  /** Zone of times without an offset. @default "UTC" */
  readonly timezone?: string;
}

/** What goes out with the acknowledgement of a task that has ended. */
export interface Prepared {
  readonly messages: readonly OutgoingMessage[];
  /** For the `children` of the result. */
  readonly children: readonly ResultNode[];
  /** What else has to be done before the acknowledgement. */
  readonly followUps?: FollowUps;
}

/** All that goes out with the acknowledgement, and what is to be closed after it. */
export interface Arrived {
  readonly messages: readonly OutgoingMessage[];
  readonly joinIds: readonly string[];
}

/** What follows a chord whose members have all arrived. */
interface Completed {
  readonly followUps: FollowUps;
  readonly messages: readonly OutgoingMessage[];
}

/** Nothing comes after the task. */
export const nothing: Prepared = Object.freeze({ messages: [], children: [] });

/** Whether anything comes after a call. */
export function hasFollowUps({ embed }: TaskCall): boolean {
  const { callbacks, errbacks, chain, chord } = embed;
  return callbacks !== undefined || errbacks !== undefined || chain !== undefined || chord !== undefined;
}

/**
 * Hands over to what comes after a task: callbacks, the next step of a chain, the body of a chord. Every step may be done twice with the same effect, so that a
 * crash at any point is mended by the redelivery.
 */
export class HandOver {
  readonly #parts: HandOverParts;

  constructor(parts: HandOverParts) {
    this.#parts = parts;
  }

  /**
   * Makes the messages, before the result is stored: what cannot be sent is a failure of the task.
   * @throws PAYLOAD_DECODE, PAYLOAD_ENCODE, PAYLOAD_TOO_LARGE, NAME_INVALID, FEATURE_UNSUPPORTED without a backend for the joins of a chord
   */
  async prepare({ call }: Pick<TaskRun, "call">, end: TaskOutcome): Promise<Prepared> {
    const followUps = expandFollowUps(call, end, this.#context(call));
    if (followUps.joins.length + followUps.arrivals.length > 0) this.#requireJoins(call);
    return { messages: await this.#messagesOf(followUps.sends), children: followUps.children, followUps };
  }

  /** Opens joins, tells of steps that will never run, and arrives at chords, after the result is stored and before the acknowledgement. */
  async arrive(run: TaskRun, { messages, followUps }: Prepared): Promise<Arrived> {
    const all = [...messages];
    const joinIds: string[] = [];
    for (const due = followUps === undefined ? [] : [followUps]; due.length > 0;) {
      const { joins, sends, lost, arrivals } = due.pop() as FollowUps;
      for (const opening of joinOpenings({ joins, sends }, this.#parts.clock.now()))
        await this.#requireJoins(run.call).open(opening);
      await this.#parts.records?.putLost(run, lost);
      for (const arrival of arrivals) {
        const next = await this.#arriveAt(run, arrival);
        if (next === undefined) continue;
        joinIds.push(arrival.arrival.joinId);
        all.push(...next.messages);
        due.push(next.followUps);
      }
    }
    return { messages: all, joinIds };
  }

  /** Closes joins whose body is on its way. */
  async close({ joinIds }: Arrived): Promise<void> {
    const { backend } = this.#parts;
    for (const joinId of joinIds) await backend?.joins?.close(joinId);
  }

  /** What the arrival completes, if it does. */
  async #arriveAt({ call }: TaskRun, { arrival, body }: ChordArrival): Promise<Completed | undefined> {
    const joins = this.#requireJoins(call);
    const { known, completes } = await joins.arrive(arrival);
    if (!known || !completes) return undefined;
    const members = await joins.members(arrival.joinId);
    // Closed since by another delivery of this call, which has sent the body.
    if (members.length === 0) return undefined;
    const context = this.#context(call);
    try {
      return await this.#complete(chordBody(members, { body, completing: call }, context));
    } catch (error) {
      if (isLovageError(error) && error.retryable) throw error;
      // The members have done their part: it is the body that fails, for whoever waits for it.
      return this.#complete(unsendableBody(body, error, context));
    }
  }

  async #complete(followUps: FollowUps): Promise<Completed> {
    return { followUps, messages: await this.#messagesOf(followUps.sends) };
  }

  #requireJoins({ task }: TaskCall): Joins {
    const joins = this.#parts.backend?.joins;
    if (joins !== undefined) return joins;
    throw new FeatureUnsupportedError(
      `Task "${task}" belongs to a chord, and a chord needs a backend with joins, such as memory: or sqlite:. Give the app one (backend).`,
    );
  }

  #messagesOf(sends: readonly FollowUp[]): Promise<OutgoingMessage[]> {
    return Promise.all(sends.map(({ call, send }) => this.#parts.producer.prepare(call, send)));
  }

  #context({ origin }: TaskCall): FollowUpContext {
    const { clock, timezone = "UTC" } = this.#parts;
    return { nowMs: clock.now(), timezone, ...(origin === undefined ? {} : { origin }) };
  }
}
