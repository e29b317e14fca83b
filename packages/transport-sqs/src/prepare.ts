import type { RoutedMessage, Settlement } from "@lovage/lease-engine";

import { deadLetterOf } from "./message/dead-letter.ts";
import type { SqsContext } from "./sqs-context.ts";

type Preparing = Promise<RoutedMessage> | undefined;

/** Takes away a body that is too large, before its message gets in line; `undefined` where it is not. */
export function prepareMessage({ claims, directory }: SqsContext, message: RoutedMessage): Preparing {
  if (claims === undefined) return undefined;
  const known = directory.find(message.to);
  if (known !== undefined && !claims.takes(message, known)) return undefined;
  return directory.require(message.to).then((queue) => claims.deposit(message, queue));
}

/** As {@link prepareMessage}, of the follow-ups and of the dead letter. */
export function prepareSettlement(
  context: SqsContext,
  queue: string,
  settlement: Settlement,
): Promise<Settlement> | undefined {
  if (context.claims === undefined || settlement.kind === "release") return undefined;
  const followUps = settlement.followUps?.map((message) => prepareMessage(context, message)) ?? [];
  const dead =
    settlement.kind === "reject"
      ? prepareMessage(context, deadLetterOf(queue, settlement, context.clock.now()))
      : undefined;
  if ([dead, ...followUps].every((each) => each === undefined)) return undefined;
  return prepared(settlement, followUps, dead);
}

async function prepared(
  settlement: Exclude<Settlement, { readonly kind: "release" }>,
  preparing: readonly Preparing[],
  preparingDead: Preparing,
): Promise<Settlement> {
  // Together, so that one that fails leaves none unheard.
  const [dead, ...light] = await Promise.all([preparingDead, ...preparing].map(async (each) => await each));
  const followUps = settlement.followUps?.map((message, index) => light[index] ?? message);
  const ready = { ...settlement, ...(followUps === undefined ? {} : { followUps }) };
  return ready.kind === "ack" || dead === undefined ? ready : { ...ready, message: dead };
}
