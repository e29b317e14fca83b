import { deadLetterQueueOf } from "@lovage/transport";

import type { Settlement } from "../store.ts";

/** Where the first message goes that goes out with a settlement. */
export function firstTarget(queue: string, settlement: Settlement): string | undefined {
  if (settlement.kind === "release") return undefined;
  const [first] = settlement.followUps ?? [];
  return first?.to ?? (settlement.kind === "reject" ? deadLetterQueueOf(queue) : undefined);
}

/** The queues that messages go to with a settlement, as a text; empty where there is none but its own queue and dead-letter queue, which stand or fall with it. */
export function otherTargets(queue: string, { kind, followUps = [] }: Settlement): string {
  if (kind === "release" || followUps.length === 0) return "";
  const targets = new Set(followUps.map(({ to }) => to));
  targets.delete(queue);
  targets.delete(deadLetterQueueOf(queue));
  return [...targets].toSorted().join("\n");
}
