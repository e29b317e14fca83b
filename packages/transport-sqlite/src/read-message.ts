import { decodeFrame } from "@lovage/lease-engine";
import type { Message } from "@lovage/transport";
import { hasCode } from "@lovage/foundation";

/**
 * The message in a row. Bytes that are no frame (written by a later release, or by another program) come as the body of a message without headers, so that the
 * runtime can dead-letter it instead of meeting it for ever.
 */
export function readMessage(id: number, frame: Uint8Array): Message {
  try {
    return decodeFrame(frame);
  } catch (error) {
    if (!hasCode(error, "FRAME_INVALID")) throw error;
    const properties = {
      messageId: `undecodable-${id}`,
      contentType: "application/octet-stream",
      contentEncoding: "binary",
    };
    return { headers: {}, properties, body: frame };
  }
}
