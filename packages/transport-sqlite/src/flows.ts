import type { Statements } from "./statements.ts";

/** Messages of one queue with one urgency and one key; they are delivered first in, first out. */
export interface Flow {
  readonly queue: number;
  readonly urgency: number;
  readonly key: string;
}

/** The most urgent flow with a ready message, beyond `urgency`; the smallest key of it. */
export function firstFlow(db: Statements, queue: number, beyondUrgency: number): Flow | undefined {
  const row = db
    .statement(
      "SELECT urgency, key FROM lovage_messages WHERE queue = ? AND state = 2 AND urgency > ? ORDER BY urgency, key LIMIT 1",
    )
    .get(queue, beyondUrgency);
  return row === undefined ? undefined : { queue, urgency: Number(row["urgency"]), key: String(row["key"]) };
}

/**
 * The flows whose turn it is, at most `max`: those after the key `after`, then from the beginning. Skips from key to key in the index, so its
 * cost depends on the number of flows it gives and not on the messages in them.
 */
export function flowsInTurn(
  db: Statements,
  first: Flow,
  { after, max }: { after: string | undefined; max: number },
): Flow[] {
  // The usual case, a queue without keys: one look.
  if (keyBeyond(db, first, first.key) === undefined) return [first];
  const start = after === undefined ? undefined : keyBeyond(db, first, after);
  const keys: string[] = [];
  for (let key = start; key !== undefined && keys.length < max; key = keyBeyond(db, first, key)) keys.push(key);
  for (let key: string | undefined = first.key; key !== undefined && key !== start && keys.length < max;) {
    keys.push(key);
    key = keyBeyond(db, first, key);
  }
  return keys.map((key) => ({ queue: first.queue, urgency: first.urgency, key }));
}

function keyBeyond(db: Statements, { queue, urgency }: Flow, key: string): string | undefined {
  const row = db
    .statement(
      "SELECT key FROM lovage_messages WHERE queue = ? AND state = 2 AND urgency = ? AND key > ? ORDER BY key LIMIT 1",
    )
    .get(queue, urgency, key);
  return row === undefined ? undefined : String(row["key"]);
}
