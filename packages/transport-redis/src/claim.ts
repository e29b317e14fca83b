import { asBytes, asList, asNumber } from "@lovage/client-redis";
import type { Claim, ClaimedMessage, ClaimRequest } from "@lovage/lease-engine";

import { QueueNotFoundError } from "@lovage/transport";

import { decodeItem } from "./item.ts";
import type { KombuFinding } from "./kombu-watch.ts";
import { claimScript } from "./scripts/claim.ts";
import { runOn, type Server } from "./server.ts";

/** Most delayed messages that one call makes ready: a million that are due at once must not stop the server. */
export const maxPromoted = 1_000;

const findings: readonly KombuFinding[] = ["nothing", "foreign", "denied"];

/** Who claims. */
export interface Asker {
  /** Where it is told of work. */
  readonly channel: string;
  /** Its monotonic time: what is handed over to it is leased from then on at the earliest. */
  readonly nowMs: number;
}

/** What the script says of a queue that has to be declared. */
const undeclared = 3;

/**
 * Leases messages; with none, notes the channel of the one who asked.
 * @throws QUEUE_NOT_FOUND when somebody has deleted the queue: what it was declared with is lost, so that it is to be declared again
 */
export async function claimMessages(server: Server, request: ClaimRequest, asker: Asker): Promise<Claim> {
  const { queue, max, leaseMs, suspects } = request;
  const isShared = server.readers.mayHoldEnvelopes(queue);
  // In a cluster it is not known whether the asker hears what is sent to it.
  const asked = server.isCluster ? "" : Math.floor(asker.nowMs);
  const flags = [maxPromoted, isShared ? "1" : "0"];
  const args = [max, Math.ceil(leaseMs), suspects ? "1" : "0", asker.channel, ...flags, asked];
  const [wait, due, token, items, found] = asList(await runOn(server, claimScript, queue, args));
  if (wait === undeclared) throw new QueueNotFoundError(queue);
  const first = asNumber(token);
  const messages = asList(items).map((item, index) => toClaimed(asBytes(item), first + index));
  const nextDueInMs = asNumber(due);
  const finding = findings[asNumber(found)] ?? "nothing";
  if (finding === "denied") server.readers.noteDenied(queue);
  else if (isShared && messages.length === 0 && !suspects) await server.watch().look(queue, finding);
  return { messages, suspectsWait: wait === 1, ...(nextDueInMs < 0 ? {} : { nextDueInMs }) };
}

/** Whether suspects of a queue wait. */
export async function suspectsWait(server: Server, queue: string): Promise<boolean> {
  return (await server.connection().call("EXISTS", [`${server.keys.base(queue)}:s`])) === 1;
}

/** What came over the channel of the one who asked: a queue, where there is work, or also a message of it that was leased to the asker. */
export function readTold(payload: Buffer): Told {
  const end = payload.indexOf(0);
  if (end < 0) return { base: payload.toString() };
  const itemAt = payload.indexOf(0, end + 1) + 1;
  const [token, askedAtMs] = payload.toString("latin1", end + 1, itemAt - 1).split(" ");
  const message = toClaimed(payload.subarray(itemAt), Number(token));
  return { base: payload.toString("utf8", 0, end), handed: { message, leasedAtMs: Number(askedAtMs) } };
}

interface Told {
  readonly base: string;
  readonly handed?: { readonly message: ClaimedMessage; readonly leasedAtMs: number };
}

function toClaimed(item: Buffer, token: number): ClaimedMessage {
  return { lease: { id: token, fence: token }, ...decodeItem(item) };
}
