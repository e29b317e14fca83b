import { endOfString } from "./end-of-string.ts";
import { PayloadDecodeError } from "./errors.ts";
import { mayHoldPythonNumbers, parsePythonNumbers } from "./parse-python-numbers.ts";
import { BAD_TAG, fromTag, TYPE_KEY, VALUE_KEY, WireTag } from "./value-tags.ts";

/** Deepest nesting of arrays and objects that is read: arguments, inside of signatures that hold each other. */
export const MAX_DECODE_DEPTH = 512;

/**
 * JSON text as data. Keys such as `__proto__` become own properties, as `JSON.parse` makes them.
 * `NaN` and `Infinity`, which Python writes as well, are the numbers.
 * @throws PAYLOAD_DECODE for what is no JSON or nested too deeply
 */
export function parseJson(text: string, subject: string): unknown {
  if (isDeeperThan(text, MAX_DECODE_DEPTH)) {
    throw new PayloadDecodeError(`${subject} is nested more than ${MAX_DECODE_DEPTH} deep.`, { fault: "too-deep" });
  }
  try {
    return parse(text);
  } catch (cause) {
    throw new PayloadDecodeError(`${subject} is not valid JSON.`, { fault: "syntax", cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (mayHoldPythonNumbers(text)) return parsePythonNumbers(text);
    throw error;
  }
}

/** Looks at the text, because the parsed value would have to be walked without recursion. */
function isDeeperThan(text: string, maxDepth: number): boolean {
  // Each level takes two characters.
  if (text.length <= maxDepth * 2) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

/** Whether a text may hold tagged values; most do not, and need no second pass. */
export function mayHoldTags(text: string): boolean {
  return text.includes(`"${TYPE_KEY}"`);
}

/** What becomes of a tag. */
export interface TagReading {
  /** Where a tag without an offset was written. */
  readonly timezone: string;
  /** `values`: what a task is given. `tags`: {@link WireTag}, which is sent on as it came. */
  readonly as: "values" | "tags";
  /** Whose data it is, for the error. */
  readonly subject: string;
}

/**
 * Replaces, in place, every tagged value inside of `value`, and gives back what `value` itself became. The seven tags
 * of Celery only: an object with another `__type__` is data.
 * @throws PAYLOAD_DECODE for a tag whose value is not what it promises
 */
export function readTags(value: unknown, reading: TagReading): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) value[index] = readTags(item, reading);
    return value;
  }
  const object = value as Record<string, unknown>;
  const keys = Object.keys(object);
  const tagged = keys.length === 2 && Object.hasOwn(object, TYPE_KEY) && Object.hasOwn(object, VALUE_KEY);
  const read = tagged ? readTag(object[TYPE_KEY], object[VALUE_KEY], reading) : undefined;
  if (read !== undefined) return read;
  for (const key of keys) readProperty(object, key, reading);
  return object;
}

function readProperty(object: Record<string, unknown>, key: string, reading: TagReading): void {
  const before = object[key];
  const after = readTags(before, reading);
  // Not an assignment: one to `__proto__` would change the prototype instead of the property.
  if (after !== before) Object.defineProperty(object, key, { value: after });
}

function readTag(type: unknown, value: unknown, { timezone, as, subject }: TagReading): unknown {
  const read = fromTag(type, value, timezone);
  if (read === BAD_TAG) {
    throw new PayloadDecodeError(`${subject} holds a value tagged ${String(type)} that is none.`, { fault: "shape" });
  }
  return read === undefined || as === "values" ? read : new WireTag(String(type), value);
}
