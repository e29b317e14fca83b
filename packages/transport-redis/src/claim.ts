import type { Claim, ClaimedMessage, ClaimRequest } from "@lovage/lease-engine";

import { decodeItem } from "./item.ts";
import type { KombuFinding } from "./kombu-watch.ts";
import { asBuffer, asList, asNumber } from "./replies.ts";
import { claimScript } from "./scripts/claim.ts";
import { runOn, type Server } from "./server.ts";

/** Most delayed messages that one call makes ready: a million that are due at once must not stop the server. */
export const maxPromoted = 1_000;

const findings: readonly KombuFinding[] = ["nothing", "foreign", "denied"];

/** Leases messages; with none, notes the channel of the one who asked. */
export async function claimMessages(server: Server, request: ClaimRequest, channel: string): Promise<Claim> {
  const { queue, max, leaseMs, suspects } = request;
  const isShared = server.readers.mayHoldEnvelopes(queue);
  const args = [max, Math.ceil(leaseMs), suspects ? "1" : "0", channel, maxPromoted, isShared ? "1" : "0"];
  const [wait, due, token, items, found] = asList(await runOn(server, claimScript, queue, args));
  const first = asNumber(token);
  const messages = asList(items).map((item, index) => toClaimed(asBuffer(item), first + index));
  const nextDueInMs = asNumber(due);
  const finding = findings[asNumber(found)] ?? "nothing";
  if (finding === "denied") server.readers.noteDenied(queue);
  else if (isShared && messages.length === 0 && !suspects) await server.watch().look(queue, finding);
  return { messages, suspectsWait: wait === 1, ...(nextDueInMs < 0 ? {} : { nextDueInMs }) };
}

function toClaimed(item: Buffer, token: number): ClaimedMessage {
  return { lease: { id: token, fence: token }, ...decodeItem(item, String(token)) };
}
