import { mayHoldTags, parseJson, readTags } from "./decode-json.ts";
import { readException } from "./decode-result.ts";
import { encodeJson } from "./encode-json.ts";
import { encodeException } from "./encode-result.ts";
import { PayloadDecodeError } from "./errors.ts";
import type { TaskException } from "./task-exception.ts";
import { MAX_RESULT_DEPTH } from "./value-check.ts";

/** How a member of a chord has ended. */
export type ChordMemberOutcome =
  | { readonly state: "SUCCESS"; readonly value: unknown }
  | { readonly state: "FAILURE" | "REVOKED"; readonly exception: TaskException };

/** Backends have limits of their own; this one only keeps a value that unfolds without end from doing so. */
const maxMemberBytes = 64 * 1_024 * 1_024;

/** What a member brings to its chord, as Celery's workers write it and read it (wire format, 8.5). @throws PAYLOAD_ENCODE, PAYLOAD_TOO_LARGE */
export function encodeChordMember(taskId: string, outcome: ChordMemberOutcome): string {
  const result = outcome.state === "SUCCESS" ? encodeValue(taskId, outcome.value) : encodeException(outcome.exception);
  return `[1,${JSON.stringify(taskId)},${JSON.stringify(outcome.state)},${result}]`;
}

function encodeValue(taskId: string, value: unknown): string {
  const subject = `The result of chord member ${taskId}`;
  return encodeJson(value ?? null, { root: "result", subject, maxBytes: maxMemberBytes, maxDepth: MAX_RESULT_DEPTH });
}

/** Reads what a member has brought; tags stay as they are, for they are sent on. @throws PAYLOAD_DECODE */
export function decodeChordMember(text: string): { readonly taskId: string; readonly outcome: ChordMemberOutcome } {
  const parts = parseJson(text, "A member of a chord");
  const [, taskId, state, raw] = Array.isArray(parts) ? (parts as readonly unknown[]) : [];
  if (typeof taskId !== "string" || typeof state !== "string") {
    throw new PayloadDecodeError("A member of a chord must be an array of four elements.", { fault: "shape" });
  }
  const reading = { timezone: "UTC", as: "tags", subject: "A member of a chord" } as const;
  const value = mayHoldTags(text) ? readTags(raw, reading) : raw;
  if (state === "SUCCESS") return { taskId, outcome: { state, value } };
  const exception = readException(value, undefined);
  return { taskId, outcome: { state: state === "REVOKED" ? state : "FAILURE", exception } };
}
