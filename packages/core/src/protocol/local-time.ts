/**
 * The instant at which clocks of a time zone show this local time. A time that daylight saving skips is read with the
 * offset before the change; one that comes twice is the first of the two.
 * @param localMs The local time, written as if it were UTC.
 * @param timezone IANA name, such as `Europe/Berlin`.
 */
export function instantOfLocal(localMs: number, timezone: string): number {
  if (timezone === "UTC") return localMs;
  const shown = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    calendar: "iso8601",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const dayMs = 86_400_000;
  // Offsets change at most once in two days, so that the ones on both sides of this day are all there can be.
  const candidates = [localMs - dayMs, localMs + dayMs].map((nearMs) => localMs - offsetAt(shown, nearMs));
  const exact = candidates.filter((ms) => ms + offsetAt(shown, ms) === localMs);
  return exact.length > 0 ? Math.min(...exact) : (candidates[0] ?? localMs);
}

function offsetAt(shown: Intl.DateTimeFormat, ms: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of shown.formatToParts(ms)) part[type] = Number(value);
  const local = new Date(0);
  local.setUTCFullYear(part["year"] ?? 0, (part["month"] ?? 1) - 1, part["day"] ?? 1);
  local.setUTCHours(part["hour"] ?? 0, part["minute"] ?? 0, part["second"] ?? 0);
  return local.getTime() - Math.floor(ms / 1_000) * 1_000;
}
