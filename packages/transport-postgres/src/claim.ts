import type { PostgresRows } from "@lovage/client-postgres";
import type { Claim, ClaimedMessage, ClaimRequest } from "@lovage/lease-engine";

import type { Database } from "./database.ts";
import { readMessage } from "./read-message.ts";

/** Which flow of each queue was served last, by this program. */
export type TurnByQueue = Map<string, string>;

/** Leases messages, keys in turn. */
export async function claimMessages(
  { client, statements }: Database,
  request: ClaimRequest,
  turns: TurnByQueue,
): Promise<Claim> {
  const { queue, max, leaseMs, suspects } = request;
  const values = [queue, max, Math.ceil(leaseMs), suspects, turns.get(queue) ?? null];
  const rows = await client().query(statements.claim, values);
  // The last row is no message.
  const about = rows.at(-1);
  const claimed = rows.slice(0, -1).toSorted(inOrder);
  const turn = about?.[columns.turn];
  if (typeof turn === "string") turns.set(queue, turn);
  const dueInMs = about?.[columns.fence];
  return {
    messages: claimed.map((row) => toClaimed(row)),
    suspectsWait: !suspects && about?.[columns.losses] === "1",
    ...(typeof dueInMs === "string" ? { nextDueInMs: Number(dueInMs) } : {}),
  };
}

/** What {@link peekAt} sees. */
export interface Peek {
  /** There is something to claim. */
  readonly isReady: boolean;
  /** As a claim has it. */
  readonly nextDueInMs?: number;
}

/** Looks without taking anything. */
export async function peekAt({ client, statements }: Database, queue: string): Promise<Peek> {
  const [[ready, dueInMs = null] = []] = await client().query(statements.peek, [queue], { repeatable: true });
  return { isReady: ready === "t", ...(dueInMs === null ? {} : { nextDueInMs: Number(dueInMs) }) };
}

/** Whether suspects of a queue wait. */
export async function suspectsWait({ client, statements }: Database, queue: string): Promise<boolean> {
  const [[wait] = []] = await client().query(statements.suspectsWait, [queue], { repeatable: true });
  return wait === "t";
}

type Row = PostgresRows[number];

const columns = {
  id: 0,
  fence: 1,
  losses: 2,
  redelivered: 3,
  turn: 4,
  pass: 5,
  rank: 6,
  flow: 7,
  place: 8,
  frame: 9,
} as const;
const order = [columns.pass, columns.rank, columns.flow, columns.place, columns.id];

/** What an UPDATE returns has no order of its own, but is often in order, so that few pairs are compared. */
function inOrder(a: Row, b: Row): number {
  for (const column of order) {
    if (a[column] !== b[column]) return Number(a[column] ?? 0) - Number(b[column] ?? 0);
  }
  return 0;
}

function toClaimed(row: Row): ClaimedMessage {
  const id = Number(row[columns.id]);
  return {
    lease: { id, fence: Number(row[columns.fence]) },
    message: readMessage(id, row[columns.frame] ?? ""),
    losses: Number(row[columns.losses] ?? 0),
    redelivered: row[columns.redelivered] === "t",
  };
}
