import { quoteValue } from "@lovage/foundation";

import { PayloadDecodeError } from "./errors.ts";
import { WireTag } from "./value-tags.ts";
import { parseWireTime } from "./wire-time.ts";

const maxIdLength = 255;

/** The fields of a foreign object, read one by one; `null` and a missing field are the same. All methods throw PAYLOAD_DECODE. */
export class FieldReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #timezone: string;

  /**
   * @param fields What came.
   * @param timezone Where times without an offset were written.
   */
  constructor(fields: Readonly<Record<string, unknown>>, timezone: string) {
    this.#fields = fields;
    this.#timezone = timezone;
  }

  /** An id: a text of 1 to 255 characters, such as every store can keep. */
  id(name: string): string | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const isText = typeof value === "string" && value.length > 0 && value.length <= maxIdLength;
    if (isText && !value.includes("\0")) return value;
    return this.#fail(name, "a text of 1 to 255 characters without a zero character");
  }

  /** Where only a text matters, and anything else is as good as nothing. */
  textOrNothing(name: string): string | undefined {
    const value = this.#get(name);
    return typeof value === "string" ? value : undefined;
  }

  /** A whole number that is not negative. */
  count(name: string): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? (value as number)
      : this.#fail(name, "a whole number");
  }

  boolean(name: string): boolean | undefined {
    const value = this.#get(name);
    return value === undefined || typeof value === "boolean" ? value : this.#fail(name, "true or false");
  }

  /** An instant, in ms: a text, also one under the tag that Celery's JSON gives a datetime within a body. */
  instant(name: string): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const text = value instanceof WireTag && value.type === "datetime" ? value.value : value;
    const ms = typeof text === "string" ? parseWireTime(text, this.#timezone) : undefined;
    return ms ?? this.#fail(name, "a time in ISO 8601");
  }

  /** A length of time in ms, from seconds; 0 stays 0, and what is less is 0: Python may count back from an instant that has passed. */
  seconds(name: string): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    return typeof value === "number" && !Number.isNaN(value)
      ? Math.max(0, Math.round(value * 1_000))
      : this.#fail(name, "a number of seconds");
  }

  /** Hard and soft limit in ms, from a pair of seconds; 0 is none. */
  timeLimits(name: string): readonly [hardMs: number | undefined, softMs: number | undefined] {
    const value = this.#get(name);
    if (value === undefined) return [undefined, undefined];
    if (!Array.isArray(value)) return this.#fail(name, "a pair of seconds");
    return [this.#limitMs(name, value[0]), this.#limitMs(name, value[1])];
  }

  #limitMs(name: string, seconds: unknown): number | undefined {
    if (seconds === undefined || seconds === null || seconds === 0) return undefined;
    return typeof seconds === "number" && seconds > 0
      ? Math.max(1, Math.round(seconds * 1_000))
      : this.#fail(name, "a pair of seconds");
  }

  #get(name: string): unknown {
    return this.#fields[name] ?? undefined;
  }

  #fail(name: string, expected: string): never {
    throw new PayloadDecodeError(`"${name}" must be ${expected}; it is ${quoteValue(this.#fields[name])}.`, {
      fault: "header",
    });
  }
}
