import { ArgumentWriter, asList } from "@lovage/client-redis";
import type { Lease, RoutedMessage, Settlement } from "@lovage/lease-engine";
import { deadLetterQueueOf, withDeath } from "@lovage/transport";

import { lostOf, tokenOf } from "./extend.ts";
import type { HandOvers } from "./hand-overs.ts";
import { writeStamp } from "./item.ts";
import { addGroups } from "./message-groups.ts";
import type { Receipts } from "./receipts.ts";
import { heldScript } from "./scripts/extend.ts";
import { ackScript, settleScript } from "./scripts/settle.ts";
import { enlist, runOn, type Server } from "./server.ts";
import { StepKeys } from "./step-keys.ts";

/** What a settlement works with. */
export interface Settling {
  readonly server: Server;
  readonly receipts: Receipts;
  readonly handOvers: HandOvers;
  readonly queue: string;
}

/**
 * Ends deliveries in order and in one step, each with all that follows from it; gives those that were lost, `null` for none. In a cluster what goes
 * to another slot is confirmed before.
 */
export async function settleDeliveries(
  settling: Settling,
  settlements: readonly Settlement[],
): Promise<readonly Lease[] | null> {
  const { server, receipts, queue } = settling;
  const settled = await receipts.settledIn(server, queue);
  const unsettled = settled.size === 0 ? settlements : settlements.filter(({ lease }) => !settled.has(tokenOf(lease)));
  if (unsettled.length === 0) return null;
  const open = server.isCluster ? await handOver(settling, unsettled) : unsettled;
  const leases = open.map(({ lease }) => lease);
  const lost = await receipts.number(queue, leases, (number) => settleNow(settling, open, number));
  return lostOf(leases, lost);
}

/** Publishes follow-ups for other slots, of deliveries that are held still; gives the settlements without them. */
async function handOver(
  { server, handOvers, queue }: Settling,
  settlements: readonly Settlement[],
): Promise<readonly Settlement[]> {
  const isApart = ({ to }: RoutedMessage): boolean => server.keys.tagOf(to) !== server.keys.tagOf(queue);
  const handing = settlements.filter(({ followUps = [] }) => followUps.some(isApart));
  if (handing.length === 0) return settlements;
  const tokens = handing.map(({ lease }) => tokenOf(lease));
  const lost = new Set(asList(await runOn(server, heldScript, queue, tokens)));
  const held = handing.filter((_, place) => !lost.has(place));
  await handOvers.publish(server, held, isApart);
  return settlements.map((settlement) => ({
    ...settlement,
    followUps: (settlement.followUps ?? []).filter((message) => !isApart(message)),
  }));
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
  const args = new ArgumentWriter();
  for (const part of receipt) args.add(String(part));
  const keys = new StepKeys(server, queue);
  for (const settlement of settlements) {
    addSettlement(args, { server, queue, settlement });
    keys.addTargets(settlement.followUps ?? []);
    if (settlement.kind === "release") keys.addReturns(queue);
  }
  const [lost, made] = asList(await keys.run(settleScript, args));
  await enlist(server, made);
  return lost;
}

function isPlainAck({ kind, followUps = [] }: Settlement): boolean {
  return kind === "ack" && followUps.length === 0;
}

function addSettlement(args: ArgumentWriter, { server, queue, settlement }: OneSettlement): void {
  const { followUps = [] } = settlement;
  const nowMs = server.nowMs();
  const delayMs = settlement.kind === "release" ? Math.max(0, Math.ceil(settlement.delayMs)) : -1;
  const messages = settlement.kind === "reject" ? [deadLetter(queue, settlement, nowMs), ...followUps] : followUps;
  args.add(tokenOf(settlement.lease));
  args.add(String(delayMs));
  args.add(writeStamp(nowMs + Math.max(0, delayMs)));
  addGroups(args, server, messages);
}

interface OneSettlement extends Pick<Settling, "server" | "queue"> {
  readonly settlement: Settlement;
}

function deadLetter(queue: string, settlement: Settlement & { kind: "reject" }, nowMs: number): RoutedMessage {
  const { message, reason, count } = settlement;
  const atMs = Math.round(nowMs);
  return { ...withDeath(message, { ...reason, queue, count, atMs }), to: deadLetterQueueOf(queue) };
}
