/** What Redis gives, read with a check: a reply of another shape is a fault of ours. */
export function asList(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw new TypeError("Redis gave no list.");
}

export function asText(reply: unknown): string {
  if (Buffer.isBuffer(reply)) return reply.toString();
  throw new TypeError("Redis gave no text.");
}

export function asTexts(reply: unknown): string[] {
  return asList(reply).map(asText);
}

/** Numbers come as such, or as text where they may be large. */
export function asNumber(reply: unknown): number {
  return typeof reply === "number" ? reply : Number(asText(reply));
}
