/** Of tables and lists in each other, in headers. Deeper ones mean nothing to anybody, and end the stack of whoever writes them again: a retry, a dead letter. */
export const maxHeaderDepth = 100;

/** Whether something in headers of another program's is nested deeper than that. */
export function isTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth > maxHeaderDepth || Object.values(value).some((item) => isTooDeep(item, depth + 1));
}
