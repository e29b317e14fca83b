import { asBytes, asList, asNumber, asText } from "@lovage/client-redis";
import { OptionError } from "@lovage/foundation";
import type { MessageState } from "@lovage/transport";

import { maxPromoted } from "./claim.ts";
import { decodeItem, type Item } from "./item.ts";
import { browseHeldScript, browseReadyScript } from "./scripts/browse.ts";
import { runOn, type Server } from "./server.ts";

/** Before the item of a delayed message stands a number of so many digits. */
const sequenceBytes = 16;

/** A message as administration sees it. */
export interface SeenMessage extends Item {
  /** What stands in Redis. */
  readonly stored: Buffer;
  readonly state: MessageState;
  /** Where: `d` delayed; in a list, to be looked for from the end at which it is taken (nothing; `k` in one of Kombu's) or added (`e`, `n`). */
  readonly place: "d" | "k" | "n" | "e" | "";
  /** When it is due, or its lease ends. */
  readonly atMs?: number;
}

/** Where a page begins: urgency (0 to 9, 10 for suspects, 11 to 14 for Kombu's lists), flow and message of ready ones; `[place]` of others. */
export type Place = readonly number[];

/** Some messages, and where those that follow begin. */
export interface Page {
  readonly messages: readonly SeenMessage[];
  readonly next?: Place;
}

/** What of a queue to read. */
export interface PageRequest {
  readonly queue: string;
  readonly state: MessageState;
  readonly from?: Place | undefined;
  readonly limit: number;
}

/** Messages of a queue in one state, in order of delivery within their flows. */
export function readPage(server: Server, request: PageRequest): Promise<Page> {
  return request.state === "ready" ? readReady(server, request) : readHeld(server, request);
}

async function readReady(server: Server, { queue, from = [0, 0, 0], limit }: PageRequest): Promise<Page> {
  const reply = asList(await runOn(server, browseReadyScript, queue, [limit, ...from, maxPromoted]));
  const firstOfKombu = asNumber(reply[2]);
  const messages = asList(reply[0]).map((item, index) =>
    toSeen(asBytes(item), { state: "ready", place: index < firstOfKombu ? "" : "k" }),
  );
  const next = asList(reply[1]).map(asNumber);
  return next.length === 0 ? { messages } : { messages, next };
}

async function readHeld(server: Server, { queue, state, from = [0], limit }: PageRequest): Promise<Page> {
  const [first = 0] = from;
  const { messages, count } = await readMembers(server, { queue, state, first, last: first + limit - 1 });
  return count < limit ? { messages } : { messages, next: [first + limit] };
}

/** Delayed or leased messages by their places in time, negative ones from the end; and how many members there were. */
export async function readMembers(
  server: Server,
  {
    queue,
    state,
    first,
    last,
  }: Pick<PageRequest, "queue" | "state"> & { readonly first: number; readonly last: number },
): Promise<{ readonly messages: readonly SeenMessage[]; readonly count: number }> {
  const args = [state === "delayed" ? "d" : "x", first, last];
  const reply = asList(await runOn(server, browseHeldScript, queue, args));
  const messages: SeenMessage[] = [];
  for (let index = 0; index < reply.length; index += 2) {
    // A token without an item would be a fault of the server's data; there is nothing to show of it.
    if (reply[index] === null) continue;
    const place = state === "delayed" ? "d" : "";
    messages.push(toSeen(asBytes(reply[index]), { state, place, atMs: Number(asText(reply[index + 1])) }));
  }
  return { messages, count: reply.length / 2 };
}

/** What stands in Redis, as administration sees it. */
export function toSeen(stored: Buffer, seen: Pick<SeenMessage, "state" | "place" | "atMs">): SeenMessage {
  const item = seen.place === "d" ? stored.subarray(sequenceBytes) : stored;
  return { ...decodeItem(item), stored, ...seen };
}

/** A cursor as text for the user to hand back. */
export function writeCursor(place: Place): string {
  return Buffer.from(place.join(",")).toString("base64url");
}

/** @throws OptionError (`OPTION_INVALID`) for a text that is no cursor of {@link writeCursor} for this state */
export function readCursor(text: string, state: MessageState): Place {
  const decoded = Buffer.from(text, "base64url").toString();
  const place = /^\d{1,15}(,\d{1,15})*$/.test(decoded) ? decoded.split(",").map(Number) : [];
  if (place.length === (state === "ready" ? 3 : 1)) return place;
  throw new OptionError("cursor must be the `next` of the page before.", { field: "cursor" });
}
