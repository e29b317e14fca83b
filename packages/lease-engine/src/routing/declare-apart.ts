import type { Clock, Log } from "@lovage/foundation";
import { abortable, asError, within } from "@lovage/foundation";
import type { QueueDeclaration } from "@lovage/transport";

import { isOfSome, isRefusal } from "../is-transient.ts";
import type { LeaseStore } from "../store.ts";

/** What {@link declareApart} works with. */
export interface DeclaringApart {
  readonly store: Pick<LeaseStore, "declare">;
  readonly clock: Clock;
  readonly log: Log;
  /** How long those that are declared wait for the others, in ms. */
  readonly patienceMs: number;
  /** Ends that wait. */
  readonly closing: AbortSignal;
}

interface Failure {
  readonly queue: string;
  readonly error: Error;
}

/**
 * Declares queues again that have nothing to do with each other, each by itself: one that the store refuses, puts off or does not answer for keeps no other from being
 * used. What takes longer goes on by itself.
 * @throws why, when nothing of it was done and it is to be tried again
 */
export async function declareApart(
  queues: readonly QueueDeclaration[],
  { store, clock, log, patienceMs, closing }: DeclaringApart,
): Promise<void> {
  const failures: Failure[] = [];
  let tell = (failure: Failure): void => void failures.push(failure);
  const tries = queues.map(async (queue) => {
    try {
      await store.declare([queue]);
    } catch (error) {
      tell({ queue: queue.name, error: asError(error) });
      throw error;
    }
  });
  const isSomeDone = await Promise.any(tries).then(
    () => true,
    () => false,
  );
  if (!isSomeDone) throwIfVain(failures);
  tell = ({ queue, error }) => {
    const text = `Queue "${queue}" cannot be declared again; the other queues of this connection are used on.`;
    // That it is away is told by those who use it.
    log[isOfSome(error) ? "warn" : "debug"](text, { error: error.message });
  };
  for (const failure of failures) tell(failure);
  if (isSomeDone) await within(clock, patienceMs, abortable(Promise.allSettled(tries), closing));
}

/** Queues that are all put off are there: whoever needs one tries again. */
function throwIfVain(failures: readonly Failure[]): void {
  const away = failures.find(({ error }) => !isOfSome(error));
  const reason = away ?? (failures.every(({ error }) => isRefusal(error)) ? failures[0] : undefined);
  if (reason !== undefined) throw reason.error;
}
