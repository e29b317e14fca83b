import type { SqliteConnection } from "@lovage/client-sqlite";
import { readStoredFrame, type Claim, type ClaimedMessage, type ClaimRequest } from "@lovage/lease-engine";

import { firstFlow, flowsInTurn, type Flow } from "./flows.ts";
import { nextDueAt, promoteDue } from "./promote.ts";
import { findQueue, type QueueRow } from "./queue-row.ts";
import type { Statements } from "./statements.ts";

const nothing: Claim = { messages: [], suspectsWait: false };
/** Flows looked at in one claim; more of them wait for the next one. */
const maxFlows = 64;

/** Which flow of each queue was served last, by this program. */
export type TurnByQueue = Map<string, string>;

/** What a claim works on. */
export interface ClaimContext {
  readonly connection: SqliteConnection;
  readonly turns: TurnByQueue;
  readonly nowMs: () => number;
}

/** Leases ready messages. Looks without a lock first, so that idle programs do not hinder those that write. */
export async function claimMessages(context: ClaimContext, request: ClaimRequest): Promise<Claim> {
  const { connection, nowMs } = context;
  const seen = await connection.read(() => look(connection, request, nowMs()));
  if (seen !== undefined) return seen;
  return connection.write(() => claimNow(context, request));
}

/** Whether suspects of a queue wait. */
export function suspectsWait(connection: SqliteConnection, name: string): Promise<boolean> {
  return connection.read(() => {
    const queue = findQueue(connection, name);
    return queue !== undefined && hasSuspect(connection, queue);
  });
}

/** What a claim would say that finds nothing; `undefined` when there is something to claim or to make ready. */
function look(db: Statements, { queue: name, suspects }: ClaimRequest, nowMs: number): Claim | undefined {
  const queue = findQueue(db, name);
  if (queue === undefined) return nothing;
  const suspectWaits = hasSuspect(db, queue);
  if (suspects ? suspectWaits : firstFlow(db, queue.id, -1) !== undefined) return undefined;
  const dueAtMs = nextDueAt(db, queue);
  if (dueAtMs !== undefined && dueAtMs <= nowMs) return undefined;
  return {
    messages: [],
    suspectsWait: !suspects && suspectWaits,
    ...(dueAtMs === undefined ? {} : { nextDueInMs: dueAtMs - nowMs }),
  };
}

function claimNow(context: ClaimContext, request: ClaimRequest): Claim {
  const db = context.connection;
  const nowMs = context.nowMs();
  const queue = findQueue(db, request.queue);
  if (queue === undefined) return nothing;
  promoteDue(db, queue, nowMs);
  const wanted = { queue, max: request.max, untilMs: nowMs + request.leaseMs };
  const messages = request.suspects ? takeSuspects(db, wanted) : takeFairly(context, wanted);
  // Another program was quicker than this one: nothing, but known to be so.
  if (messages.length === 0) return look(db, request, nowMs) ?? nothing;
  return { messages, suspectsWait: !request.suspects && hasSuspect(db, queue) };
}

interface Wanted {
  readonly queue: QueueRow;
  readonly max: number;
  /** When the leases end. */
  readonly untilMs: number;
}

const select = "SELECT id, fence, losses, redelivered, frame FROM lovage_messages";

/** What `select` asks for. */
type WaitingRow = readonly [id: number, fence: number, losses: number, redelivered: number, frame: Uint8Array];

function takeSuspects(db: SqliteConnection, { queue, max, untilMs }: Wanted): ClaimedMessage[] {
  const sql = `${select} WHERE queue = ? AND state = 5 AND state > 2 ORDER BY at, id LIMIT ?`;
  return lease(db, db.tuples(sql).all(queue.id, max) as unknown as WaitingRow[], untilMs);
}

function takeFairly({ connection: db, turns }: ClaimContext, { queue, max, untilMs }: Wanted): ClaimedMessage[] {
  const messages: ClaimedMessage[] = [];
  let urgency = -1;
  while (messages.length < max) {
    const first = firstFlow(db, queue.id, urgency);
    if (first === undefined) break;
    const needed = max - messages.length;
    const flows = flowsInTurn(db, first, { after: turns.get(queue.name), max: Math.min(maxFlows, needed) });
    const share = Math.ceil(needed / flows.length);
    const lists = flows.map((flow) => readFlow(db, flow, share));
    messages.push(...lease(db, interleave(lists).slice(0, needed), untilMs));
    turns.set(queue.name, flows.at(-1)?.key ?? first.key);
    // A flow that gave all it was asked for may have more, and so may flows that were not looked at.
    const isExhausted = flows.length < maxFlows && lists.every((list) => list.length < share);
    if (isExhausted) urgency = first.urgency;
  }
  return messages;
}

function readFlow(db: SqliteConnection, { queue, urgency, key }: Flow, max: number): WaitingRow[] {
  const sql = `${select} WHERE queue = ? AND state = 2 AND urgency = ? AND key = ? ORDER BY place, id LIMIT ?`;
  return db.tuples(sql).all(queue, urgency, key, max) as unknown as WaitingRow[];
}

function lease(db: Statements, rows: readonly WaitingRow[], untilMs: number): ClaimedMessage[] {
  const update = db.statement("UPDATE lovage_messages SET state = 4, at = ?, fence = ? WHERE id = ?");
  return rows.map(([id, fence, losses, redelivered, frame]) => {
    update.run(untilMs, fence + 1, id);
    return {
      lease: { id, fence: fence + 1 },
      message: readStoredFrame(id, frame),
      losses,
      redelivered: redelivered === 1,
    };
  });
}

/** One of each list in turn; the order within a list stays. */
function interleave<T>(lists: readonly (readonly T[])[]): T[] {
  if (lists.length === 1) return [...(lists[0] ?? [])];
  const longest = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list.slice(index, index + 1))).flat();
}

function hasSuspect(db: Statements, queue: QueueRow): boolean {
  const sql = "SELECT 1 FROM lovage_messages WHERE queue = ? AND state = 5 AND state > 2 LIMIT 1";
  return db.statement(sql).get(queue.id) !== undefined;
}
