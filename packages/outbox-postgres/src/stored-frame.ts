import { decodeFrame } from "@lovage/lease-engine";
import type { Message } from "@lovage/transport";

/** The message in a row's column, as PostgreSQL writes bytes: `\x` and hexadecimal digits. @throws FRAME_INVALID */
export function readFrame(hex: string): Message {
  return decodeFrame(Buffer.from(hex.slice(2), "hex"));
}
