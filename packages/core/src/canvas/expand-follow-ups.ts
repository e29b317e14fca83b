import type { TaskCall, WireSignature } from "../protocol/task-call.ts";
import { chordArrival } from "./chord-arrival.ts";
import { derivedId } from "./derived-id.ts";
import { Expansion } from "./expansion.ts";
import type { FollowUps, TaskOutcome } from "./follow-up.ts";
import { lostSteps } from "./lost-steps.ts";

/** What {@link expandFollowUps} cannot know from the call. */
export interface FollowUpContext {
  readonly nowMs: number;
  /** Zone of times without an offset. @default "UTC" */
  readonly timezone?: string;
  /** Who sends. */
  readonly origin?: string;
}

/**
 * What follows the end of a task (wire format, section 8): callbacks and the next step of its chain after a success, errbacks after a
 * failure, and for the steps that will then never run their results. Celery leaves those PENDING after a revocation; here nobody waits in vain.
 * Pure; ids derive from the call, so that doing it again gives the same.
 * @throws PAYLOAD_DECODE for a signature that cannot be read
 */
export function expandFollowUps(call: TaskCall, outcome: TaskOutcome, context: FollowUpContext): FollowUps {
  const own = chordArrival(call, outcome);
  const arrivals = own === undefined ? [] : [own];
  if (outcome.state === "SUCCESS") return { ...afterSuccess(call, outcome.value, context), lost: [], arrivals };
  const after = outcome.state === "FAILURE" ? errbackCalls(call.embed.errbacks ?? [], call.id, context) : nothing;
  const lost = lostSteps(call.embed.chain ?? [], outcome);
  return { ...after, lost: lost.steps, arrivals: [...arrivals, ...lost.arrivals] };
}

type Calls = Pick<FollowUps, "joins" | "sends" | "children">;

const nothing: Calls = { joins: [], sends: [], children: [] };

function afterSuccess(call: TaskCall, value: unknown, context: FollowUpContext): Calls {
  const { callbacks = [], chain = [] } = call.embed;
  if (callbacks.length === 0 && chain.length === 0) return nothing;
  const expansion = new Expansion({ ...lineageOf(call, context), parent: call });
  // As its result says: JSON has no undefined, and Python sends None.
  const results = [value ?? null];
  const children = callbacks.map((callback, index) =>
    expansion.add(callback, { results, rest: [], path: `callbacks/${index}` }),
  );
  const next = chain.at(-1);
  if (next !== undefined) children.push(expansion.add(next, { results, rest: chain.slice(0, -1), path: "chain" }));
  return { joins: expansion.joins, sends: expansion.sends, children };
}

/** Errbacks get the id of the task that has failed, and belong to it (wire format, 8.2). */
export function errbackCalls(errbacks: readonly WireSignature[], failedId: string, context: FollowUpContext): Calls {
  if (errbacks.length === 0) return nothing;
  const failed = { id: failedId, rootId: failedId };
  const expansion = new Expansion({ ...lineageOf(failed, context), parent: failed });
  const children = errbacks.map((errback, index) =>
    expansion.add(errback, { results: [failedId], rest: [], path: `errbacks/${index}` }),
  );
  return { joins: expansion.joins, sends: expansion.sends, children };
}

/** What calls inherit from a task that has ended. */
export function lineageOf(
  ended: Pick<TaskCall, "id" | "replyTo" | "stamps">,
  { nowMs, timezone = "UTC", origin }: FollowUpContext,
): ConstructorParameters<typeof Expansion>[0] {
  const { id, replyTo, stamps } = ended;
  return {
    nowMs,
    timezone,
    newId: (path) => derivedId(id, path),
    ...(origin !== undefined && { origin }),
    ...(replyTo !== undefined && { replyTo }),
    ...(stamps && { stamps }),
  };
}
