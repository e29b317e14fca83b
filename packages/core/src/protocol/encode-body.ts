import { encodeJson } from "./encode-json.ts";
import { isEmpty } from "./is-empty.ts";
import { PayloadTooLargeError } from "./errors.ts";
import type { CallEmbed, TaskCall } from "./task-call.ts";
import { MAX_PAYLOAD_DEPTH } from "./value-check.ts";
import type { ValueCheckOptions } from "./value-check.ts";

/** Deepest nesting of what follows a call: signatures hold signatures, and each its arguments. */
const MAX_EMBED_DEPTH = 480;

/** Body of a call with nothing but arguments, after them; the short one is for queues of Lovage's own. */
const plainTail = {
  lovage: ",{},{}]",
  celery: ',{},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]',
};

/**
 * The body of a call: arguments, keyword arguments, and what follows (wire format, 1.3).
 * @throws PAYLOAD_ENCODE, PAYLOAD_TOO_LARGE
 */
export function encodeBody(call: TaskCall, dialect: "lovage" | "celery", maxBytes: number): Uint8Array {
  const subject = `Arguments of task "${call.task}"`;
  const options: ValueCheckOptions = { root: "args", subject, maxBytes, maxDepth: MAX_PAYLOAD_DEPTH };
  const tail = isEmpty(call.kwargs) && isEmpty(call.embed) ? plainTail[dialect] : encodeTail(call, options);
  const body = Buffer.from(`[${encodeJson(call.args, options)}${tail}`);
  if (body.byteLength > maxBytes) throw new PayloadTooLargeError(subject, { bytes: body.byteLength, maxBytes });
  return body;
}

function encodeTail({ kwargs, embed }: TaskCall, options: ValueCheckOptions): string {
  const kwargsText = encodeJson(kwargs, { ...options, root: "kwargs" });
  const embedText = encodeJson(completeEmbed(embed), { ...options, root: "embed", maxDepth: MAX_EMBED_DEPTH });
  return `,${kwargsText},${embedText}]`;
}

function completeEmbed(embed: CallEmbed): Record<string, unknown> {
  const { callbacks = null, errbacks = null, chain = null, chord = null } = embed;
  return { callbacks, errbacks, chain, chord };
}
