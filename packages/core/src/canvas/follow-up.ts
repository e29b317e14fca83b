import type { JoinArrival, ResultState } from "@lovage/backend";

import type { ResultNode } from "../protocol/result-tuple.ts";
import type { TaskCall, WireSignature } from "../protocol/task-call.ts";
import type { TaskException } from "../protocol/task-exception.ts";

/** A call to be sent, and how. */
export interface FollowUp {
  readonly call: TaskCall;
  readonly send: {
    /** @default the queue of the task, as the app routes it */
    readonly queue?: string;
    readonly countdownMs?: number;
    readonly etaMs?: number;
  };
}

/** A join that must be open before the calls are sent. */
export interface JoinNeeded {
  readonly joinId: string;
  /** How many members will arrive. */
  readonly size: number;
}

/** A step that will never run, because one before it did not succeed; its result says so, so that nobody waits for it. */
export interface LostStep {
  readonly taskId: string;
  readonly state: Extract<ResultState, "FAILURE" | "REVOKED">;
  readonly exception: TaskException;
}

/** A member of a chord that has ended. When it completes the join, `chordBody` tells what follows. */
export interface ChordArrival {
  readonly arrival: JoinArrival;
  /** The chord's body. */
  readonly body: WireSignature;
}

/**
 * All that follows the end of a task, as plain data. In this order: open the joins; hand over the calls together with the acknowledgement; store
 * the lost steps; let the arrivals arrive. Every step may be repeated: ids are the same each time.
 */
export interface FollowUps {
  readonly joins: readonly JoinNeeded[];
  readonly sends: readonly FollowUp[];
  readonly lost: readonly LostStep[];
  readonly arrivals: readonly ChordArrival[];
  /** What is sent, for the `children` of the result. */
  readonly children: readonly ResultNode[];
}

/** How a task has ended. */
export type TaskOutcome =
  | { readonly state: "SUCCESS"; readonly value: unknown }
  | { readonly state: "FAILURE" | "REVOKED"; readonly exception: TaskException };
