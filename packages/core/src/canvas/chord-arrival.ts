import type { JoinArrival } from "@lovage/backend";

import { encodeChordMember } from "../protocol/chord-member.ts";
import type { TaskCall } from "../protocol/task-call.ts";
import type { ChordArrival, TaskOutcome } from "./follow-up.ts";

/** Behind all others: a member that nobody gave a place. */
const lastIndex = 2_147_483_647;

/**
 * The arrival of a task that has ended at the chord it is a header member of; `undefined` for any other task. Not for a task that will be
 * retried.
 * @throws PAYLOAD_ENCODE, PAYLOAD_TOO_LARGE for a value that is no result either
 */
export function chordArrival(call: TaskCall, outcome: TaskOutcome): ChordArrival | undefined {
  const { id, groupId, groupIndex, embed } = call;
  if (embed.chord === undefined || groupId === undefined) return undefined;
  return { arrival: arrivalOf({ id, groupId, groupIndex }, outcome), body: embed.chord };
}

/** An arrival, as the join keeps it. */
export function arrivalOf(
  member: { readonly id: string; readonly groupId: string; readonly groupIndex: number | undefined },
  outcome: TaskOutcome,
): JoinArrival {
  const { id, groupId, groupIndex = lastIndex } = member;
  return { joinId: groupId, memberId: id, index: groupIndex, payload: encodeChordMember(id, outcome) };
}
