import { isDate, isUint8Array } from "node:util/types";

import { isPlain, MAX_PAYLOAD_DEPTH } from "./value-check.ts";

/**
 * A value as it is now, whatever becomes of the objects in it: for what is encoded later than it was given. What cannot be sent stays what it is,
 * and is refused when it is encoded, by its path.
 */
export function snapshot<Value>(value: Value): Value {
  try {
    return copyOf(value, new Map(), 0) as Value;
  } catch {
    // A getter or a proxy of the user's threw; it will do so again when the value is encoded, which tells of it.
    return value;
  }
}

const asOwn = { configurable: true, enumerable: true, writable: true };

/** @param copies Of objects met before: one that is there twice is copied once, and one that holds itself does not go on for ever. */
function copyOf(value: unknown, copies: Map<object, object>, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (isDate(value)) return new Date(value.getTime());
  if (isUint8Array(value)) return Buffer.isBuffer(value) ? Buffer.from(value) : new Uint8Array(value);
  // Nothing that deep is encoded.
  if (depth > MAX_PAYLOAD_DEPTH) return value;
  if (Array.isArray(value)) return copyArray(value, copies, depth);
  return isPlain(value) ? copyObject(value as Record<string, unknown>, copies, depth) : value;
}

function copyArray(array: readonly unknown[], copies: Map<object, object>, depth: number): unknown[] {
  const copy: unknown[] = [];
  copies.set(array, copy);
  for (const item of array) copy.push(copyOf(item, copies, depth + 1));
  return copy;
}

function copyObject(object: Readonly<Record<string, unknown>>, copies: Map<object, object>, depth: number): object {
  const prototype = Object.getPrototypeOf(object) as object | null;
  const copy = (prototype === Object.prototype ? {} : Object.create(prototype)) as Record<string, unknown>;
  copies.set(object, copy);
  for (const key of Object.keys(object)) {
    const value = copyOf(object[key], copies, depth + 1);
    // Assigned, it would be the copy's prototype.
    if (key === "__proto__") Object.defineProperty(copy, key, { ...asOwn, value });
    else copy[key] = value;
  }
  return copy;
}
