/** The most that one UTF-16 unit takes in JSON: a control character or half a surrogate pair, written as `\u001f`. */
const unitBytes = 6;
/** The longest number is `-1.7976931348623157e+308`. */
const numberBytes = 24;
/** Of `false`, the longest of the words. */
const wordBytes = 5;
/** Deeper values are not looked at: there is no bound for them here. */
const maxDepth = 4;

/**
 * A number of bytes that the value's JSON does not exceed, without writing it; `Infinity` where that is not easily told. At most some six times
 * the true number.
 */
export function maxJsonBytes(value: unknown, depth: number = 0): number {
  switch (typeof value) {
    case "string":
      return value.length * unitBytes + 2;
    case "number":
      return numberBytes;
    case "boolean":
    case "undefined":
      return wordBytes;
    case "object":
      return value === null ? wordBytes : maxContainerBytes(value, depth);
    default:
      return Infinity;
  }
}

function maxContainerBytes(container: object, depth: number): number {
  if (depth === maxDepth || "toJSON" in container) return Infinity;
  let bytes = 2;
  if (Array.isArray(container)) {
    for (const item of container) bytes += maxJsonBytes(item, depth + 1) + 1;
    return bytes;
  }
  for (const key in container) {
    bytes += key.length * unitBytes + 4 + maxJsonBytes(container[key as keyof typeof container], depth + 1);
  }
  return bytes;
}
