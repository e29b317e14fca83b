import { asBuffer } from "@lovage/foundation";
import type { Message } from "@lovage/transport";

import { describeMessage, type Description } from "./describe-message.ts";
import { FrameError, readFrameText } from "./frame-text.ts";

/** First byte of a frame; the first version there is. */
const version = 1;
const headBytes = 6;

/**
 * A message as one piece of bytes, for stores that keep bytes:
 *
 * | bytes | what |
 * |---|---|
 * | 1 | version |
 * | 1 | length of the task id: what is before the last colon of the message id |
 * | 4 | length of the text, little-endian |
 * | … | task id |
 * | … | text: the headers, a zero character, the properties; both JSON without their brackets, with codes for common words |
 * | … | body, untouched |
 */
export function encodeFrame(message: Message): Uint8Array {
  const draft = draftFrame(message);
  const frame = Buffer.allocUnsafe(draft.byteLength);
  writeFrame(draft, frame, 0);
  return frame;
}

/** A frame before it is written: for whoever has memory for it and many more, and has to know how long it is. */
export interface FrameDraft extends Description {
  readonly byteLength: number;
  readonly body: Uint8Array;
}

/** What {@link encodeFrame} would write. */
export function draftFrame({ headers, properties, body }: Message): FrameDraft {
  const { taskId, text } = describeMessage(headers, properties);
  return { taskId, text, body, byteLength: headBytes + taskId.length + text.length + body.byteLength };
}

/** Writes a frame to a place that is long enough. */
export function writeFrame({ taskId, text, body }: FrameDraft, target: Buffer, at: number): void {
  const textAt = at + headBytes + taskId.length;
  target[at] = version;
  target[at + 1] = taskId.length;
  target.writeUInt32LE(text.length, at + 2);
  target.write(taskId, at + headBytes, "latin1");
  target.set(text, textAt);
  target.set(body, textAt + text.length);
}

/**
 * The message that {@link encodeFrame} was given. Its body is a view on the frame.
 * @throws FrameError (`FRAME_INVALID`) for bytes that are no frame
 */
export function decodeFrame(bytes: Uint8Array): Message {
  const frame = asBuffer(bytes);
  if (frame.length < headBytes) throw new FrameError(`${frame.length} bytes are too few for a frame.`);
  if (frame[0] !== version) {
    throw new FrameError(`The frame has version ${String(frame[0])}, and this release reads version ${version}.`);
  }
  const textAt = headBytes + frame.readUInt8(1);
  const bodyAt = textAt + frame.readUInt32LE(2);
  if (bodyAt > frame.length) throw new FrameError(`A frame of ${frame.length} bytes ends before its body begins.`);
  const text = frame.toString("utf8", textAt, bodyAt);
  return {
    ...readFrameText(text, frame.toString("latin1", headBytes, textAt)),
    body: frame.subarray(bodyAt),
  };
}
