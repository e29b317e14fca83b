import { readBytes } from "@lovage/client-postgres";
import { decodeFrame } from "@lovage/lease-engine";
import type { Message } from "@lovage/transport";

/** The message in a row's column, as PostgreSQL writes bytes. @throws FRAME_INVALID */
export function readFrame(frame: string): Message {
  return decodeFrame(readBytes(frame));
}
