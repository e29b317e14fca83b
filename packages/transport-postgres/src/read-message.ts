import { readBytes } from "@lovage/client-postgres";
import { readStoredFrame } from "@lovage/lease-engine";
import type { Message } from "@lovage/transport";

/** The message in a row's column, as PostgreSQL writes bytes. */
export function readMessage(id: number, frame: string): Message {
  return readStoredFrame(id, readBytes(frame));
}
