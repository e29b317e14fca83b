/** A reply that is a list. What the server or a script of ours gives is read with a check: another shape is a fault of ours. */
export function asList(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw new TypeError("Redis gave no list.");
}

/** A reply that is bytes. */
export function asBytes(reply: unknown): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  throw new TypeError("Redis gave no bytes.");
}

/** A reply that is a text. */
export function asText(reply: unknown): string {
  return asBytes(reply).toString();
}

/** A reply that is a list of texts. */
export function asTexts(reply: unknown): string[] {
  return asList(reply).map(asText);
}

/** A reply that is a number: numbers come as such, or as text where they may be large. */
export function asNumber(reply: unknown): number {
  return typeof reply === "number" ? reply : Number(asText(reply));
}
