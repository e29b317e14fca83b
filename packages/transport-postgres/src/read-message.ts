import { readStoredFrame } from "@lovage/lease-engine";
import type { Message } from "@lovage/transport";

/** The message in a row's column, as PostgreSQL writes bytes: `\x` and hexadecimal digits. */
export function readMessage(id: number, hex: string): Message {
  return readStoredFrame(id, Buffer.from(hex.slice(2), "hex"));
}
