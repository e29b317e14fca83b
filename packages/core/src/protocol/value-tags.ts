import { isUtf8 } from "node:buffer";
import { isDate, isUint8Array } from "node:util/types";

import { asBuffer } from "@lovage/foundation";
import { formatWireTime, parseWireTime } from "./wire-time.ts";

/** Key that names the type of a tagged value. */
export const TYPE_KEY = "__type__";
/** Key that holds a tagged value. */
export const VALUE_KEY = "__value__";

/**
 * A tagged value that is passed on as it came: an argument of a later step, say, whose `Decimal` must still be one when
 * it reaches Python, although a task in TypeScript would see a string.
 */
export class WireTag {
  /** Name of the tag, such as `decimal`. */
  readonly type: string;
  /** What the tag holds, as JSON. */
  readonly value: unknown;

  constructor(type: string, value: unknown) {
    this.type = type;
    this.value = value;
  }

  /** The tag as Celery writes it. */
  toJSON(): Record<string, unknown> {
    return { [TYPE_KEY]: this.type, [VALUE_KEY]: this.value };
  }
}

/** Whether a value travels under a tag: `Date`, `Uint8Array` (and so `Buffer`), or a tag that is passed on. */
export function isTaggable(value: object): value is Date | Uint8Array | WireTag {
  return isDate(value) || isUint8Array(value) || value instanceof WireTag;
}

/** The tag of a value, as Celery 5.3 and later write it (wire format, 1.4). */
export function toTag(value: Date | Uint8Array | WireTag): Record<string, unknown> {
  if (value instanceof WireTag) return value.toJSON();
  if (isDate(value)) return new WireTag("datetime", formatWireTime(value.getTime(), "Date")).toJSON();
  const bytes = asBuffer(value);
  const tag = isUtf8(bytes) ? new WireTag("bytes", bytes.toString()) : new WireTag("base64", bytes.toString("base64"));
  return tag.toJSON();
}

/** What {@link fromTag} gives for a tag whose value is not what the tag promises. */
export const BAD_TAG: unique symbol = Symbol("bad tag");

/**
 * The value of a tag:
 *
 * | tag | value |
 * |---|---|
 * | `datetime` | `Date`, cut to the millisecond; local time of `timezone` where it has no offset |
 * | `date`, `time`, `decimal` | the text |
 * | `uuid` | text, lower case with dashes |
 * | `bytes`, `base64` | `Buffer` |
 *
 * @returns `undefined` for a tag that Celery does not know: the object is then data like any other
 */
export function fromTag(type: unknown, value: unknown, timezone: string): unknown {
  switch (type) {
    case "datetime":
      return typeof value === "string" ? toDate(value, timezone) : BAD_TAG;
    case "date":
    case "time":
    case "decimal":
      return typeof value === "string" ? value : BAD_TAG;
    case "uuid":
      return toUuid(value);
    case "bytes":
      return typeof value === "string" ? toBytes(value, "utf8") : BAD_TAG;
    case "base64":
      return typeof value === "string" ? toBytes(value, "base64") : BAD_TAG;
    default:
      return undefined;
  }
}

/** In memory of their own: what `Buffer.from` makes may lie in a pool, whose other bytes `.buffer` would show. */
function toBytes(text: string, encoding: "utf8" | "base64"): Buffer {
  return asBuffer(new Uint8Array(Buffer.from(text, encoding)));
}

function toDate(text: string, timezone: string): unknown {
  const ms = parseWireTime(text, timezone);
  return ms === undefined ? BAD_TAG : new Date(ms);
}

function toUuid(value: unknown): unknown {
  const hex: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "hex") : value;
  const match =
    typeof hex === "string"
      ? /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i.exec(hex)
      : null;
  return match === null ? BAD_TAG : match.slice(1).join("-").toLowerCase();
}
