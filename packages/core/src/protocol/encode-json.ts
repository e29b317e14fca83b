import { isLovageError } from "@lovage/foundation";

import { PayloadEncodeError } from "./errors.ts";
import { ValueCheck } from "./value-check.ts";
import type { ValueCheckOptions } from "./value-check.ts";
import { isTaggable, toTag } from "./value-tags.ts";

/**
 * A value as JSON text. What JSON has no form for travels under Celery's tags where Celery has one (`Date`, bytes), and
 * is refused with its path elsewhere; a property that is `undefined` is left out, and -0 becomes 0. Celery before 5.3
 * shows a tag to the task as an object.
 * @throws PAYLOAD_ENCODE, PAYLOAD_TOO_LARGE (where the limit is passed by far; the caller knows the exact size)
 */
export function encodeJson(value: unknown, options: ValueCheckOptions): string {
  try {
    const check = new ValueCheck(options);
    check.check(value);
    return JSON.stringify(check.tagged ? withTags(value) : value);
  } catch (error) {
    if (isLovageError(error)) throw error;
    // A getter or a proxy of the user's threw.
    const { subject, root } = options;
    throw new PayloadEncodeError(`${subject} cannot be sent: ${root} threw an error when it was read.`, {
      path: root,
      cause: error,
    });
  }
}

/** A copy in which tags stand for what travels under one. Only for values that were checked. */
function withTags(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withTags);
  if (isTaggable(value)) return toTag(value);
  // Entries become own properties, `__proto__` too.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withTags(item)]));
}
