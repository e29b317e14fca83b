import type { RedisArgument } from "@lovage/client-redis";
import type { Lease, RoutedMessage, Settlement } from "@lovage/lease-engine";
import { deadLetterQueueOf, deathOf, isDeadLetterQueue, withDeath } from "@lovage/transport";

import { lostOf, tokenOf } from "./extend.ts";
import { writeStamp } from "./item.ts";
import { messageGroups } from "./message-groups.ts";
import type { Receipts } from "./receipts.ts";
import { asList } from "./replies.ts";
import { ackScript, settleScript } from "./scripts/settle.ts";
import { enlist, runOn, type Server } from "./server.ts";

/** What a settlement works with. */
export interface Settling {
  readonly server: Server;
  readonly receipts: Receipts;
  readonly queue: string;
}

/** Ends deliveries in order and in one step, each with all that follows from it; gives those that were lost, `null` for none. */
export async function settleDeliveries(
  settling: Settling,
  settlements: readonly Settlement[],
): Promise<readonly Lease[] | null> {
  const { server, receipts, queue } = settling;
  const settled = await receipts.settledIn(server, queue);
  const open = settled.size === 0 ? settlements : settlements.filter(({ lease }) => !settled.has(tokenOf(lease)));
  if (open.length === 0) return null;
  const leases = open.map(({ lease }) => lease);
  const lost = await receipts.number(queue, leases, (number) => settleNow(settling, open, number));
  return lostOf(leases, lost);
}

async function settleNow(
  { server, receipts, queue }: Settling,
  settlements: readonly Settlement[],
  number: number,
): Promise<unknown> {
  const receipt = [receipts.owner, number];
  if (settlements.every(isPlainAck)) {
    return await runOn(server, ackScript, queue, [...receipt, ...settlements.map(({ lease }) => tokenOf(lease))]);
  }
  const args = settlements.flatMap((settlement) => settleArgs(server, queue, settlement));
  const bases = new Set([server.keys.base(queue), ...settlements.flatMap(targetsOf).map((to) => server.keys.base(to))]);
  const [lost, made] = asList(await server.connection().run(settleScript, [...bases], [...receipt, ...args]));
  await enlist(server, made);
  return lost;
}

function isPlainAck({ kind, followUps = [] }: Settlement): boolean {
  return kind === "ack" && followUps.length === 0;
}

function targetsOf({ followUps = [] }: Settlement): string[] {
  return followUps.map(({ to }) => to);
}

function settleArgs(server: Server, queue: string, settlement: Settlement): RedisArgument[] {
  const { followUps = [] } = settlement;
  const nowMs = server.nowMs();
  const delayMs = settlement.kind === "release" ? Math.max(0, Math.ceil(settlement.delayMs)) : -1;
  const messages = settlement.kind === "reject" ? [deadLetter(queue, settlement, nowMs), ...followUps] : followUps;
  const groups = messageGroups(server.keys, messages, nowMs);
  return [tokenOf(settlement.lease), delayMs, writeStamp(nowMs + Math.max(0, delayMs)), groups.length, ...groups];
}

function deadLetter(queue: string, settlement: Settlement & { kind: "reject" }, nowMs: number): RoutedMessage {
  const { message, reason, count } = settlement;
  // Rejected once more, out of the dead-letter queue: it still belongs where it came from.
  const origin = isDeadLetterQueue(queue) ? (deathOf(message)?.queue ?? queue) : queue;
  const atMs = Math.round(nowMs);
  return { ...withDeath(message, { ...reason, queue: origin, count, atMs }), to: deadLetterQueueOf(queue) };
}
