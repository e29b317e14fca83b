import type { JoinMember } from "@lovage/backend";
import { errorText } from "@lovage/foundation";

import { decodeChordMember } from "../protocol/chord-member.ts";
import { partsOf } from "../protocol/composite-signature.ts";
import { pythonRepr } from "../protocol/python-repr.ts";
import { readSignatureSettings } from "../protocol/read-signature-settings.ts";
import type { TaskCall, WireSignature } from "../protocol/task-call.ts";
import { celeryException } from "../protocol/task-exception.ts";
import type { TaskException } from "../protocol/task-exception.ts";
import { errbackCalls, lineageOf } from "./expand-follow-ups.ts";
import type { FollowUpContext } from "./expand-follow-ups.ts";
import { Expansion } from "./expansion.ts";
import type { FollowUps } from "./follow-up.ts";
import { lostSteps } from "./lost-steps.ts";

/**
 * What follows a chord whose members have all arrived: its body with their results, or, when one did not succeed, a `ChordError` as the result
 * of the body and of what comes after it, and the body's errbacks (wire format, 8.5). The body may itself be a member of another chord: then
 * it arrives there.
 * @param members As `Joins.members` gives them.
 * @param body From {@link chordArrival}.
 * @param completing The call whose arrival completed the join.
 * @throws PAYLOAD_DECODE
 */
export function chordBody(
  members: readonly Pick<JoinMember, "payload">[],
  { body, completing }: { readonly body: WireSignature; readonly completing: TaskCall },
  context: FollowUpContext,
): FollowUps {
  const decoded = members.map(({ payload }) => decodeChordMember(payload));
  const values: unknown[] = [];
  for (const { taskId, outcome } of decoded) {
    if (outcome.state !== "SUCCESS") return failedChord(body, chordError(taskId, outcome.exception), context);
    values.push(outcome.value);
  }
  const expansion = new Expansion({ ...lineageOf(completing, context), parent: completing });
  const child = expansion.add(body, { results: [values], rest: [], path: "chord" });
  return { joins: expansion.joins, sends: expansion.sends, lost: [], arrivals: [], children: [child] };
}

/**
 * What follows a chord whose members have all arrived where its body cannot be sent, because their results are too large for one message, say: the
 * body has failed.
 * @throws PAYLOAD_DECODE
 */
export function unsendableBody(body: WireSignature, cause: unknown, context: FollowUpContext): FollowUps {
  const why = errorText(cause);
  return failedChord(body, celeryException("ChordError", `The body cannot be sent: ${why}`), context);
}

function failedChord(body: WireSignature, exception: TaskException, context: FollowUpContext): FollowUps {
  const { steps, arrivals } = lostSteps([body], { state: "FAILURE", exception });
  const after = firstTasksOf(body).map((task) => {
    const { taskId = "", errbacks = [] } = readSignatureSettings(task, "UTC");
    return errbackCalls(errbacks, taskId, context);
  });
  return {
    joins: after.flatMap(({ joins }) => joins),
    sends: after.flatMap(({ sends }) => sends),
    children: after.flatMap(({ children }) => children),
    lost: steps,
    arrivals,
  };
}

/** Errbacks of a chain are those of each step; the first is the one that could not run. Of a group none could. */
function firstTasksOf(signature: WireSignature): readonly WireSignature[] {
  const parts = partsOf(signature);
  if (parts.kind === "task") return [signature];
  if (parts.kind === "group") return parts.members.flatMap(firstTasksOf);
  const first = parts.kind === "chain" ? parts.steps[0] : parts.body;
  return first === undefined ? [] : firstTasksOf(first);
}

/** The error that Celery gives to the body, in its words. */
function chordError(taskId: string, { type, args }: TaskException): TaskException {
  const shown = args.map((arg) => pythonRepr(arg, "list")).join(", ");
  return celeryException("ChordError", `Dependency ${taskId} raised ${type}(${shown})`);
}
