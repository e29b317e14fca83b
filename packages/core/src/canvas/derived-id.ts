import { createHash } from "node:crypto";

/**
 * An id that is the same whenever the same step follows the same task: a second copy of a step that was handed over twice is thereby
 * recognised. In the form of a UUID, version 5.
 * @param taskId The task that has ended.
 * @param path Which of its follow-ups this is.
 */
export function derivedId(taskId: string, path: string): string {
  const bytes = createHash("sha1").update(`${taskId}\n${path}`).digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex", 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
