import type { Clock } from "@lovage/foundation";
import type { MessageSelection } from "@lovage/transport";

import type { Arrival } from "../message/arrival.ts";
import { BrokerClock } from "../delays/delays.ts";

/** Which of the messages that are looked at are taken away. */
export interface Choice {
  /** At most so many messages are looked at. */
  readonly most: number;
  readonly choose: (arrivals: readonly Arrival[]) => readonly Arrival[];
  /** Whether no more need be looked at. */
  readonly isEnough: () => boolean;
}

/** How many messages are looked at for those with certain ids. */
const mostScanned = 1_000;
/** The clock of SQS is known as well as an answer was quick. */
const inexactMs = 2_000;
/** SQS hands out roughly in order: so many that came later mean that hardly any is left that came before. */
const enoughLater = 100;

/** Those that an administrator named. */
export function choiceOf(selection: MessageSelection): Choice {
  if ("first" in selection) {
    return { most: Math.max(0, selection.first), choose: (arrivals) => arrivals, isEnough: () => false };
  }
  const ids = new Set(selection.messageIds);
  return {
    most: mostScanned,
    choose: (arrivals) => arrivals.filter(({ message }) => ids.delete(message.properties.messageId)),
    isEnough: () => ids.size === 0,
  };
}

/** Those that wait by now. While others publish, an end of the queue may never be seen. */
export function choiceOfWaiting(clock: Clock): Choice {
  const endsAtMs = clock.now() + inexactMs;
  const brokerClock = new BrokerClock(() => clock.now());
  let later = 0;
  return {
    most: Infinity,
    choose: (arrivals) => {
      for (const arrival of arrivals) brokerClock.note(arrival);
      const chosen = arrivals.filter((arrival) => brokerClock.sentAtMs(arrival) < endsAtMs);
      later += arrivals.length - chosen.length;
      return chosen;
    },
    isEnough: () => later >= enoughLater,
  };
}
