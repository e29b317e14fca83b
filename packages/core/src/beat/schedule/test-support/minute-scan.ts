/** What a random crontab means, told apart from its text. */
export interface CronMeaning {
  readonly expression: string;
  /** Whether a local time, as UTC, is meant. */
  readonly fits: (local: Date) => boolean;
  readonly hasAllHours: boolean;
}

const minuteMs = 60_000;
/** No zone puts its clocks forward or back by more than this in the years that are scanned. */
const largestChangeMs = 3 * 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** The local time of an instant, read part by part from the platform. */
function localTime(zone: string, atMs: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    const parts = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const;
    format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", ...parts });
    formats.set(zone, format);
  }
  const values = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = values;
  return Date.UTC(year, month - 1, day, hour, minute);
}

let latest: { readonly key: string; readonly locals: readonly number[] } | undefined;

/** The local time of every minute. Kept until another span is asked for: reading it is nearly all the work, and crontabs are compared one after the other. */
function localTimes(zone: string, [fromMs, toMs]: readonly [number, number]): readonly number[] {
  const key = `${zone} ${fromMs} ${toMs}`;
  if (latest?.key !== key) {
    const locals: number[] = [];
    for (let atMs = fromMs; atMs < toMs; atMs += minuteMs) locals.push(localTime(zone, atMs));
    latest = { key, locals };
  }
  return latest.locals;
}

/** The instants after `fromMs` and before `toMs` by looking at every minute: the rule of `ZonedCalendar`, word by word. */
export function scanMinutes(
  { fits, hasAllHours }: CronMeaning,
  zone: string,
  span: readonly [number, number],
): number[] {
  const [fromMs, toMs] = span;
  const found: number[] = [];
  const seen = new Set<number>();
  let before = Number.NaN;
  const startMs = fromMs - largestChangeMs;
  for (const [index, local] of localTimes(zone, [startMs, toMs]).entries()) {
    const atMs = startMs + index * minuteMs;
    const isRepeat = seen.has(local);
    seen.add(local);
    const isDue = hasAllHours
      ? fits(new Date(local))
      : (!isRepeat && fits(new Date(local))) || fitsBetween(before, local, fits);
    if (isDue && atMs > fromMs) found.push(atMs);
    before = local;
  }
  return found;
}

/** Instants of a zone at which its offset changes. */
export function changesOf(zone: string, span: readonly [number, number]): number[] {
  const hourMs = 60 * minuteMs;
  const found: number[] = [];
  let offset = localTime(zone, span[0]) - span[0];
  for (let day = span[0]; day < span[1]; day += 24 * hourMs) {
    const endMs = day + 24 * hourMs;
    if (localTime(zone, endMs) - endMs === offset) continue;
    for (let atMs = day; atMs <= endMs; atMs += 15 * minuteMs) {
      const here = localTime(zone, atMs) - atMs;
      if (here !== offset) found.push(atMs);
      offset = here;
    }
  }
  return found;
}

/** Whether a local time that was jumped over is meant. */
function fitsBetween(before: number, after: number, fits: CronMeaning["fits"]): boolean {
  for (let local = before + minuteMs; local < after; local += minuteMs) if (fits(new Date(local))) return true;
  return false;
}
