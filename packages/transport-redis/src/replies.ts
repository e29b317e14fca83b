/** What a script gives, read with a check: a reply of another shape is a fault of ours. */
export function asList(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw new TypeError("A script gave no list.");
}

export function asBuffer(reply: unknown): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  throw new TypeError("A script gave no bytes.");
}

/** Numbers come as such, or as text where they may be large. */
export function asNumber(reply: unknown): number {
  if (typeof reply === "number") return reply;
  return Number(asText(reply));
}

export function asText(reply: unknown): string {
  return asBuffer(reply).toString();
}

export function asTexts(reply: unknown): string[] {
  return asList(reply).map(asText);
}
