import { quoteValue } from "@lovage/foundation";

import { PayloadDecodeError } from "./errors.ts";
import { isObject } from "./is-object.ts";
import type { CallEmbed, WireSignature } from "./task-call.ts";

/**
 * A signature as it came, with what may be missing filled in (wire format, 8.1).
 * @param where Its place, for the error, such as `embed.chain[0]`.
 * @throws PAYLOAD_DECODE
 */
export function readSignature(value: unknown, where: string): WireSignature {
  if (!isObject(value)) return fail(where, "a signature", value);
  const { task, args, kwargs, options, subtask_type: type, immutable } = value;
  if (typeof task !== "string" || task === "") return fail(`${where}.task`, "the name of a task", task);
  return {
    task,
    args: readArray(args, `${where}.args`) ?? [],
    kwargs: readObject(kwargs, `${where}.kwargs`) ?? {},
    options: readObject(options, `${where}.options`) ?? {},
    subtask_type: typeof type === "string" ? type : null,
    immutable: immutable === true,
  };
}

/** Several signatures; `undefined` for null and none. @throws PAYLOAD_DECODE */
export function readSignatures(value: unknown, where: string): readonly WireSignature[] | undefined {
  const items = readArray(value, where);
  if (items === undefined || items.length === 0) return undefined;
  return items.map((item, index) => readSignature(item, `${where}[${index}]`));
}

/** What follows a call: the third part of a body, or the fields of protocol 1. @throws PAYLOAD_DECODE */
export function readEmbed(value: unknown): CallEmbed {
  const fields = readObject(value, "embed");
  if (fields === undefined) return noEmbed;
  const callbacks = readSignatures(fields["callbacks"], "embed.callbacks");
  const errbacks = readSignatures(fields["errbacks"], "embed.errbacks");
  const chain = readSignatures(fields["chain"], "embed.chain");
  const chord = fields["chord"] ?? undefined;
  if (callbacks === undefined && errbacks === undefined && chain === undefined && chord === undefined) return noEmbed;
  return {
    ...(callbacks && { callbacks }),
    ...(errbacks && { errbacks }),
    ...(chain && { chain }),
    ...(chord !== undefined && { chord: readSignature(chord, "embed.chord") }),
  };
}

const noEmbed: CallEmbed = Object.freeze({});

/** An array; `undefined` for null and nothing. @throws PAYLOAD_DECODE */
export function readArray(value: unknown, where: string): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? (value as readonly unknown[]) : fail(where, "an array", value);
}

/** An object; `undefined` for null and nothing. @throws PAYLOAD_DECODE */
export function readObject(value: unknown, where: string): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined || value === null) return undefined;
  return isObject(value) ? value : fail(where, "an object", value);
}

function fail(where: string, expected: string, value: unknown): never {
  throw new PayloadDecodeError(`${where} must be ${expected}; it is ${quoteValue(value)}.`, { fault: "shape" });
}
