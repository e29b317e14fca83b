import { randomUUID } from "node:crypto";

import { numberArray, type PostgresValue } from "@lovage/client-postgres";
import { encodeFrame } from "@lovage/lease-engine";
import { checkMessage, type Connection, type OutgoingMessage } from "@lovage/transport";

import { destinationOf, type Destinations } from "./destinations.ts";
import { widestMark, withId } from "./mark.ts";

/**
 * Refuses, before any I/O, what the broker would refuse.
 * @throws QUEUE_NOT_DECLARED, MESSAGE_TOO_LARGE, OPTION_INVALID
 */
export function checkBatch(
  batch: readonly OutgoingMessage[],
  connection: Pick<Connection, "capabilities" | "capabilitiesOf">,
  destinations: Destinations,
): void {
  for (const message of batch) {
    const { to, headers } = message;
    destinations.require(to);
    const limits = typeof to === "string" ? connection.capabilitiesOf(to) : connection.capabilities;
    checkMessage({ ...message, headers: { ...headers, ...widestMark } }, limits);
  }
}

/** Messages as `outbox_enqueue_4` takes them: a list for each column, the frames as one piece. */
export function enqueueValues(batch: readonly OutgoingMessage[]): readonly PostgresValue[] {
  const frames = batch.map((message) => encodeFrame(withId(message, randomUUID())));
  const lengths = frames.map(({ byteLength }) => byteLength);
  let start = 1;
  const starts = lengths.map((length) => {
    start += length;
    return start - length;
  });
  const times = batch.map(({ notBefore }) => notBefore);
  return [
    batch.map(({ to }) => destinationOf(to)),
    numberArray(starts),
    numberArray(lengths),
    Buffer.concat(frames),
    numberArray(times.map((time) => (time !== undefined && "inMs" in time ? whole(time.inMs) : null))),
    numberArray(times.map((time) => (time !== undefined && "atMs" in time ? whole(time.atMs) : null))),
  ];
}

/** Half of what is safe: the server adds its own time to it. */
function whole(ms: number): number {
  const furthestMs = Number.MAX_SAFE_INTEGER / 2;
  return Math.ceil(Math.min(Math.max(ms, -furthestMs), furthestMs));
}
