import type { JoinOpening } from "@lovage/backend";

import type { FollowUps } from "./follow-up.ts";
import { sendDelay } from "./send-delay.ts";

/** How long a join is kept after its last member has arrived: as long as results are. */
const keptMs = 86_400_000;

/**
 * How the joins of a workflow are opened. A member that is delayed cannot arrive before it has run: the join is kept for as long as the longest
 * delay besides.
 */
export function joinOpenings(
  { joins, sends }: Pick<FollowUps, "joins" | "sends">,
  nowMs: number,
): readonly JoinOpening[] {
  if (joins.length === 0) return [];
  const delayMs = sends.reduce((longestMs, { send }) => Math.max(longestMs, sendDelay(send, nowMs)), 0);
  return joins.map((join) => ({ ...join, expiresInMs: keptMs + delayMs }));
}
