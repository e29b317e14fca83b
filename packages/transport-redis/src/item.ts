import { randomUUID } from "node:crypto";

import { decodeEnvelope, encodeFrame, readStoredFrame } from "@lovage/lease-engine";
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
 * A message with its head, which scripts read and change:
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
export function encodeItem(message: Message, stampMs: number): Buffer {
  const { priority = 0, key = "" } = message.properties;
  return headItem(encodeFrame(message), { priority, key, stampMs });
}

/** Puts a head before a frame or an envelope. */
export function headItem(
  frame: Uint8Array,
  { priority, key = "", stampMs }: { readonly priority: number; readonly key?: string; readonly stampMs: number },
): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const item = Buffer.allocUnsafe(headBytes + keyBytes + frame.byteLength);
  item[0] = 48 + priority;
  item[1] = 0;
  item[2] = 48;
  item[3] = keyBytes;
  item.write(writeStamp(stampMs), 4, "latin1");
  item.write(key, headBytes, "utf8");
  item.set(frame, headBytes + keyBytes);
  return item;
}

/** @param name Stands for the message id of bytes that cannot be read. */
export function decodeItem(item: Buffer, name: string): Item {
  const frame = item.subarray(headBytes + item.readUInt8(3));
  return { message: readFrame(frame, name), losses: item.readUInt8(1), redelivered: (item.readUInt8(2) & 1) === 1 };
}

/** A stamp as text; texts of stamps sort as the instants do. */
export function writeStamp(atMs: number): string {
  return Math.max(0, Math.round(atMs)).toString(stampRadix).padStart(stampLength, "0").slice(-stampLength);
}

export function readStamp(text: string): number {
  return Number.parseInt(text, stampRadix);
}

/** Frames are Lovage's, envelopes are Kombu's; whatever else stands there is read as a frame that nobody can read. */
function readFrame(frame: Buffer, name: string): Message {
  // A frame begins with a small number.
  const enveloped = frame[0] === openingBrace ? decodeEnvelope(frame.toString(), randomUUID()) : undefined;
  return enveloped ?? readStoredFrame(name, frame);
}
