import { quoteValue } from "@lovage/foundation";
import { ScheduleValidationError } from "./schedule-errors.ts";

/**
 * The instants of one local time.
 *
 * | kind | when | instants |
 * |---|---|---|
 * | `once` | nearly always | the one |
 * | `gap` | the clocks were put forward over it | the first valid instant after it |
 * | `twice` | the clocks were put back over it | both |
 */
export type LocalInstants =
  | { readonly kind: "once" | "gap"; readonly atMs: number }
  | { readonly kind: "twice"; readonly firstMs: number; readonly secondMs: number };

/** No zone changes its offset twice within so short a time, so that offsets at both ends tell all between. */
const calmMs = 4 * 86_400_000;
const blockMs = calmMs;
const maxBlocks = 1_024;

const zones = new Map<string, TimeZone>();
const maxZones = 600;

/**
 * A time zone of the IANA database, as the platform (`Intl`) knows it. A local time is told as Unix milliseconds of the same date and time in UTC.
 */
export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  /** Offsets of blocks of time that have one; `null` for blocks with a change. */
  readonly #blocks = new Map<number, number | null>();

  /** A zone by name. @throws SCHEDULE_INVALID */
  static of(name: unknown): TimeZone {
    if (typeof name !== "string" || name.length > 64) throw unknownZone(name);
    const known = zones.get(name);
    if (known !== undefined) return known;
    const zone = new TimeZone(name);
    if (zones.size >= maxZones) zones.clear();
    zones.set(name, zone);
    return zone;
  }

  private constructor(name: string) {
    this.name = name;
    try {
      this.#format = new Intl.DateTimeFormat("en-US", {
        timeZone: name,
        hourCycle: "h23",
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
      });
    } catch (cause) {
      throw unknownZone(name, cause);
    }
  }

  /** What is added to an instant to get its local time. */
  offsetAt(atMs: number): number {
    if (this.name === "UTC") return 0;
    const block = Math.floor(atMs / blockMs);
    let offset = this.#blocks.get(block);
    if (offset === undefined) {
      const start = this.#read(block * blockMs);
      offset = start === this.#read((block + 1) * blockMs) ? start : null;
      if (this.#blocks.size >= maxBlocks) this.#blocks.clear();
      this.#blocks.set(block, offset);
    }
    return offset ?? this.#read(atMs);
  }

  toLocal(atMs: number): number {
    return atMs + this.offsetAt(atMs);
  }

  instantsOf(localMs: number): LocalInstants {
    const before = this.offsetAt(localMs - calmMs / 2);
    const after = this.offsetAt(localMs + calmMs / 2);
    const early = localMs - Math.max(before, after);
    const late = localMs - Math.min(before, after);
    const isEarly = this.toLocal(early) === localMs;
    const isLate = this.toLocal(late) === localMs;
    if (isEarly && isLate && early !== late) return { kind: "twice", firstMs: early, secondMs: late };
    if (isEarly || isLate) return { kind: "once", atMs: isEarly ? early : late };
    return { kind: "gap", atMs: this.changeBetween(early, late) ?? late };
  }

  /** The first instant of another offset than at `fromMs`, if there is one up to `toMs`; for spans of a few days. */
  changeBetween(fromMs: number, toMs: number): number | undefined {
    const offset = this.offsetAt(fromMs);
    if (this.offsetAt(toMs) === offset) return undefined;
    let same = fromMs;
    let other = toMs;
    while (other - same > 1) {
      const middle = Math.floor((same + other) / 2);
      if (this.offsetAt(middle) === offset) same = middle;
      else other = middle;
    }
    return other;
  }

  #read(atMs: number): number {
    const match = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/.exec(this.#format.format(atMs));
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (match ?? []).slice(1).map(Number);
    const wholeSecondMs = Math.floor(atMs / 1_000) * 1_000;
    return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecondMs;
  }
}

function unknownZone(name: unknown, cause?: unknown): ScheduleValidationError {
  return new ScheduleValidationError(
    `timezone must be a name of the IANA database, such as "Europe/Berlin" or "UTC"; it is ${quoteValue(name)}.`,
    { cause },
  );
}
