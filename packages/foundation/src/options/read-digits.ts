/** The number of a text of digits, as it comes from a URL; any other value as it is. */
export function readDigits(value: unknown): unknown {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
}
