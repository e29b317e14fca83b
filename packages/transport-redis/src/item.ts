import { createHash } from "node:crypto";

import type { ArgumentWriter } from "@lovage/client-redis";
import { decodeEnvelope, draftFrame, readStoredFrame, writeFrame } from "@lovage/lease-engine";
import type { Message } from "@lovage/transport";

const headBytes = 12;
const stampRadix = 36;
const stampLength = 8;
const openingBrace = 0x7b;

/** A message as it stands in Redis. */
export interface Item {
  readonly message: Message;
  readonly losses: number;
  readonly redelivered: boolean;
}

/**
 * Adds a message with its head, which scripts read and change:
 *
 * | bytes | what |
 * |---|---|
 * | 1 | priority, a digit |
 * | 1 | losses |
 * | 1 | digit: 1 redelivered, 2 suspect, 3 both |
 * | 1 | length of the key |
 * | 8 | stamp: since when it waits, Unix ms in base 36; by the clock of the program that wrote it, set to the server's |
 * | … | key |
 * | … | frame; on a queue that Celery's workers read, and from its producers, an envelope of Kombu's |
 */
export function addItem(args: ArgumentWriter, message: Message, stamp: string): void {
  const { priority = 0, key = "" } = message.properties;
  const frame = draftFrame(message);
  const head = { priority, keyBytes: key === "" ? 0 : Buffer.byteLength(key), stamp };
  const frameAt = headBytes + head.keyBytes;
  const at = args.reserve(frameAt + frame.byteLength);
  writeHead(head, args.memory, at);
  if (key !== "") args.memory.write(key, at + headBytes);
  writeFrame(frame, args.memory, at + frameAt);
}

/** Adds an envelope of Kombu's as an item. */
export function addEnvelope(args: ArgumentWriter, envelope: string, head: Omit<Head, "keyBytes">): void {
  const at = args.reserve(headBytes + Buffer.byteLength(envelope));
  writeHead({ ...head, keyBytes: 0 }, args.memory, at);
  args.memory.write(envelope, at + headBytes);
}

interface Head {
  readonly priority: number;
  readonly keyBytes: number;
  readonly stamp: string;
}

function writeHead({ priority, keyBytes, stamp }: Head, target: Buffer, at: number): void {
  target[at] = 48 + priority;
  target[at + 1] = 0;
  target[at + 2] = 48;
  target[at + 3] = keyBytes;
  target.write(stamp, at + 4, "latin1");
}

/** What stands without a head (a hand has put it there) is the body of a message that nobody can read; scripts give it a head as well, before they move it. */
export function decodeItem(item: Buffer): Item {
  if (!hasHead(item)) return { message: readFrame(item), losses: 0, redelivered: true };
  const frame = item.subarray(headBytes + item.readUInt8(3));
  const message = readFrame(frame);
  // Kombu marks so what it has given back for a worker that did not acknowledge it.
  const isRestored = frame[0] === openingBrace && message.headers["redelivered"] === true;
  return { message, losses: item.readUInt8(1), redelivered: isRestored || (item.readUInt8(2) & 1) === 1 };
}

function hasHead(item: Buffer): boolean {
  if (item.length < headBytes || item.length < headBytes + item.readUInt8(3)) return false;
  const [priority, flags] = [item.readUInt8(0) - 48, item.readUInt8(2) - 48];
  return priority >= 0 && priority <= 9 && flags >= 0 && flags <= 3;
}

/** A stamp as text; texts of stamps sort as the instants do. */
export function writeStamp(atMs: number): string {
  return Math.max(0, Math.round(atMs)).toString(stampRadix).padStart(stampLength, "0").slice(-stampLength);
}

/** The instant of a stamp that {@link writeStamp} has written. */
export function readStamp(text: string): number {
  return Number.parseInt(text, stampRadix);
}

/** Frames are Lovage's, envelopes are Kombu's; whatever else stands there is read as a frame that nobody can read. */
function readFrame(frame: Buffer): Message {
  // A frame begins with a small number.
  const enveloped = frame[0] === openingBrace ? decodeEnvelope(frame.toString(), "") : undefined;
  if (enveloped === undefined) return readStoredFrame(() => nameOf(frame), frame);
  const { properties } = enveloped;
  return properties.messageId === ""
    ? { ...enveloped, properties: { ...properties, messageId: nameOf(frame) } }
    : enveloped;
}

/** What has no id is called by its content, so that it is the same at each look. */
function nameOf(frame: Buffer): string {
  return createHash("sha1").update(frame).digest("hex").slice(0, 16);
}
