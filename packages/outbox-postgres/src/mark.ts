import { createHash } from "node:crypto";

import type { Headers, Message } from "@lovage/transport";

/**
 * Header of what was sent through an outbox: the id that the call got there and, once a relay has published it, `/` and the id of that publication. A relay that cannot know
 * whether its publication was accepted makes another; they differ in the second part alone.
 */
const header = "x-lovage-outbox";
/** Longer ones do not fit into an index. */
const longestKey = 500;
/** PostgreSQL's texts hold every character but this. */
const unstorable = "\0";

/** A mark of the same length as any that is made, for measuring. */
export const widestMark: Headers = { [header]: "0".repeat(73) };

/** The message with its id in the outbox. */
export function withId<T extends Message>(message: T, id: string): T {
  return { ...message, headers: { ...message.headers, [header]: id } };
}

/** The message as one of perhaps several publications. */
export function withCopy<T extends Message>(message: T, copy: string): T {
  const id = idIn(message.headers)?.split("/")[0] ?? "";
  return { ...message, headers: { ...message.headers, [header]: `${id}/${copy}` } };
}

/** What an inbox knows a message by. */
export interface InboxKey {
  readonly id: string;
  /** Which publication it is; `null` for what came past the outbox. */
  readonly copy: string | null;
}

/** The key of a message. Its message id is part of it, because what comes after a task may have inherited the header. */
export function inboxKeyOf({ headers, properties }: Message): InboxKey {
  const [id, copy] = idIn(headers)?.split("/") ?? [];
  if (id === undefined || copy === undefined) return { id: storable(properties.messageId), copy: null };
  return { id: storable(`${properties.messageId} ${id}`), copy: storable(copy) };
}

function idIn(headers: Headers): string | undefined {
  const value = headers[header];
  return typeof value === "string" ? value : undefined;
}

/** Headers and ids are what the sender wrote, whoever that was: one that the inbox cannot be asked about would hold up all that is behind it. */
function storable(key: string): string {
  if (Buffer.byteLength(key) <= longestKey && !key.includes(unstorable)) return key;
  return createHash("sha256").update(key).digest("hex");
}
