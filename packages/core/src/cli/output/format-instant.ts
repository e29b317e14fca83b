/** An instant in ISO 8601, without fractions where there are none; a dash for none. */
export function formatInstant(instant: Date | undefined): string {
  return instant === undefined ? "-" : instant.toISOString().replace(".000Z", "Z");
}
