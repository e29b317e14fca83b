import { hasCode } from "@lovage/foundation";
import type { Message } from "@lovage/transport";

import { decodeFrame } from "./frame.ts";

/**
 * The message in a stored frame. Bytes that are no frame (written by a later release, or by another program) come as the body of a message without headers, so that the
 * runtime can dead-letter it instead of meeting it for ever.
 * @param name Tells such bytes apart, in their message id; asked for only where it is needed.
 */
export function readStoredFrame(name: number | string | (() => string), frame: Uint8Array): Message {
  try {
    return decodeFrame(frame);
  } catch (error) {
    if (!hasCode(error, "FRAME_INVALID")) throw error;
    const properties = {
      messageId: `undecodable-${typeof name === "function" ? name() : name}`,
      contentType: "application/octet-stream",
      contentEncoding: "binary",
    };
    return { headers: {}, properties, body: frame };
  }
}
