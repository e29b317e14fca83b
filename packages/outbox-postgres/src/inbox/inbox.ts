import { backOff, rest } from "@lovage/foundation";
import type { Delivery } from "@lovage/transport";

import type { Database } from "../database.ts";
import { inboxKeyOf } from "../mark.ts";

const waits = { baseMs: 100, maxMs: 5_000, jitter: "equal" } as const;

/** Of workers, on a copy that they have made of what was delivered before: to the broker it is a new message. */
const redeliveredMark = "x-lovage-redelivered";

/** Whether the inbox must be asked about a delivery: it may be a second copy, or its work may be done already. */
export function mayBeSecond({ message, redelivered }: Delivery): boolean {
  return redelivered || redeliveredMark in message.headers || inboxKeyOf(message).copy !== null;
}

/**
 * Tells for each delivery whether it is to be worked on; `undefined` when it could not be found out before the signal. While the database is away it
 * asks again and again: the deliveries are held meanwhile, and are no more than the prefetch.
 */
export async function receive(
  { client, statements, clock, log }: Database,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
): Promise<readonly boolean[] | undefined> {
  const keys = deliveries.map(({ message }) => inboxKeyOf(message));
  const values = [deliveries.map(({ queue }) => queue), keys.map(({ id }) => id), keys.map(({ copy }) => copy)];
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const rows = await client.query(statements.receive, values, { repeatable: true });
      const passing = new Set(rows.flatMap(([place, passes]) => (passes === "t" ? [Number(place)] : [])));
      return deliveries.map((_, index) => passing.has(index + 1));
    } catch (error) {
      const text = "The inbox cannot be asked whether messages are second copies; they are held back meanwhile.";
      if (attempt % 10 === 1) log.warn(text, { error: String(error) });
    }
    // Ended early by the signal alone, which the loop sees.
    await rest(clock, backOff(waits, attempt), signal);
  }
  return undefined;
}
