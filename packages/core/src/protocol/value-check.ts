import { isDate } from "node:util/types";

import { quoteValue } from "@lovage/foundation";

import { PayloadEncodeError, PayloadTooLargeError } from "./errors.ts";
import { formatPath } from "./value-path.ts";
import type { PathKey } from "./value-path.ts";
import { isTaggable, TYPE_KEY, VALUE_KEY } from "./value-tags.ts";
import { isWireTime } from "./wire-time.ts";

/** Deepest nesting of arrays and objects in a result. */
export const MAX_RESULT_DEPTH = 200;
/** Deepest nesting in arguments: a result, with all that chains and chords wrap around it. */
export const MAX_PAYLOAD_DEPTH = 256;

/** What a check is told of the value it checks. */
export interface ValueCheckOptions {
  /** Start of each path, such as `args`. */
  readonly root: string;
  /** Whose value it is, for the error, such as `Arguments of task "shop.add"`. */
  readonly subject: string;
  readonly maxBytes: number;
  readonly maxDepth: number;
}

/**
 * Finds, before anything is written, what JSON would lose or refuse. One pass that allocates nothing; a replacer for
 * `JSON.stringify` would cost several times as much.
 */
export class ValueCheck {
  /** Whether something was seen that travels under a tag. */
  tagged = false;

  readonly #options: ValueCheckOptions;
  /** Keys that lead to the object being looked at, after one that stands for the root; filled in only on the way down. */
  readonly #path: PathKey[] = [];
  /** The objects on that way. */
  readonly #ancestors: object[] = [];
  /**
   * Falls with each value and each character, all of which take at least a byte. Without it a small value that refers to
   * one object many times over would unfold for hours.
   */
  #bytesLeft: number;

  constructor(options: ValueCheckOptions) {
    this.#options = options;
    this.#bytesLeft = options.maxBytes;
  }

  /** @throws PAYLOAD_ENCODE, PAYLOAD_TOO_LARGE */
  check(value: unknown): void {
    this.#checkValue(value, undefined, 0);
  }

  #checkArray(array: readonly unknown[], depth: number): void {
    if (depth > this.#options.maxDepth) this.#failTooDeep(depth);
    // Not forEach: it would pass over holes.
    for (let index = 0; index < array.length; index += 1) {
      const value = array[index];
      if (value === undefined) this.#fail("undefined, which JSON has no form for in an array: use null", index, depth);
      this.#checkValue(value, index, depth);
    }
  }

  #checkObject(object: Readonly<Record<string, unknown>>, depth: number): void {
    if (depth > this.#options.maxDepth) this.#failTooDeep(depth);
    let count = 0;
    // Faster than Object.keys; a plain object inherits no keys.
    for (const key in object) {
      const value = object[key];
      if (value === undefined) continue;
      count += 1;
      this.#spend(key.length);
      this.#checkValue(value, key, depth);
    }
    if (count === 2 && object[TYPE_KEY] !== undefined && object[VALUE_KEY] !== undefined) {
      this.#fail(
        `an object whose only keys are ${TYPE_KEY} and ${VALUE_KEY}, which Celery reads as a tag`,
        undefined,
        depth,
      );
    }
  }

  #checkValue(value: unknown, key: PathKey | undefined, depth: number): void {
    switch (typeof value) {
      case "string":
        this.#spend(value.length);
        return;
      case "number":
        if (!Number.isFinite(value)) this.#fail(`${value}, which JSON has no form for`, key, depth);
        this.#spend(1);
        return;
      case "boolean":
        this.#spend(1);
        return;
      case "object":
        this.#spend(1);
        if (value !== null) this.#checkObjectOrArray(value, key, depth);
        return;
      case "bigint":
        this.#fail("a BigInt, which JSON has no form for: send it as text", key, depth);
        return;
      default:
        this.#fail(`a ${typeof value}, which cannot be sent`, key, depth);
    }
  }

  #checkObjectOrArray(value: object, key: PathKey | undefined, depth: number): void {
    this.#path[depth] = key ?? "";
    this.#ancestors[depth] = value;
    if (Array.isArray(value)) this.#checkArray(value, depth + 1);
    else if (isPlain(value)) this.#checkObject(value as Record<string, unknown>, depth + 1);
    else if (isTaggable(value)) {
      if (isDate(value) && !isWireTime(value.getTime())) {
        this.#fail("a Date that is invalid, or outside of the years 1 to 9999", key, depth);
      }
      this.#spend(value instanceof Uint8Array ? value.byteLength : 1);
      this.tagged = true;
    } else this.#fail(`a ${nameOfClass(value)}, which JSON has no form for: send a plain object or array`, key, depth);
  }

  #spend(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft >= 0) return;
    const { subject, maxBytes } = this.#options;
    throw new PayloadTooLargeError(subject, { bytes: maxBytes - this.#bytesLeft, maxBytes, atLeast: true });
  }

  #failTooDeep(depth: number): never {
    const way = this.#ancestors.slice(0, depth);
    const again = way.findIndex((ancestor, index) => way.indexOf(ancestor) < index);
    if (again >= 0) this.#fail("an object that it is a part of: the structure is circular", undefined, again + 1);
    this.#fail(`nested more than ${this.#options.maxDepth} deep`, undefined, depth);
  }

  #fail(what: string, key: PathKey | undefined, depth: number): never {
    const { root, subject } = this.#options;
    const path = formatPath(root, [...this.#path.slice(1, depth), ...(key === undefined ? [] : [key])]);
    throw new PayloadEncodeError(`${subject} cannot be sent: ${path} is ${what}.`, { path });
  }
}

/** Whether a value is an object literal, of this realm or another, or has no prototype. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf");
}

function nameOfClass(value: object): string {
  const { constructor } = value;
  const name: unknown = typeof constructor === "function" ? constructor.name : undefined;
  return typeof name === "string" && name !== "" ? quoteValue(name).slice(1, -1) : "class instance";
}
