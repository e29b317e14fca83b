import type { TimeZone } from "../time-zone.ts";
import type { CronCalendar } from "./cron-calendar.ts";

/** Longer than any gap or overlap of local time, shorter than the time between two of them. */
const windowMs = 2 * 86_400_000;

/**
 * The instants of a calendar's local times in a zone.
 *
 * | hours meant | clocks put forward | clocks put back |
 * |---|---|---|
 * | some | what was jumped over runs once, at the next valid instant | what comes twice runs once, the first time |
 * | all | what was jumped over is not made up for | what comes twice runs twice: as much time passes as ever |
 */
export interface ZonedCalendar {
  next(afterMs: number): number | undefined;
  previous(beforeMs: number): number | undefined;
}

/** A calendar in a zone. */
export function zonedCalendar(calendar: CronCalendar, zone: TimeZone): ZonedCalendar {
  return calendar.hasAllHours ? new PassingTime(calendar, zone) : new TimeOfDay(calendar, zone);
}

/** Each local time once: instants follow local times, which never go back. */
class TimeOfDay implements ZonedCalendar {
  readonly #calendar: CronCalendar;
  readonly #zone: TimeZone;

  constructor(calendar: CronCalendar, zone: TimeZone) {
    this.#calendar = calendar;
    this.#zone = zone;
  }

  next(afterMs: number): number | undefined {
    const local = this.#zone.toLocal(afterMs);
    const here = this.#zone.instantsOf(local);
    // What is left of a repeated stretch has been there the first time.
    const isRepeat = here.kind === "twice" && here.secondMs === afterMs;
    return this.#instantOf(this.#calendar.next(isRepeat ? this.#endOfRepeat(here) - 1 : local));
  }

  previous(beforeMs: number): number | undefined {
    const local = this.#zone.toLocal(beforeMs);
    const here = this.#zone.instantsOf(local);
    const isRepeat = here.kind === "twice" && here.secondMs === beforeMs;
    const found = this.#instantOf(this.#calendar.previous(isRepeat ? this.#endOfRepeat(here) : local));
    if (found === undefined || found < beforeMs) return found;
    // At the end of a gap what was jumped over is due now, not before.
    return this.#instantOf(this.#calendar.previous(this.#zone.toLocal(beforeMs - 1) + 1));
  }

  /** Local time at which what comes twice is over. */
  #endOfRepeat({ firstMs, secondMs }: { readonly firstMs: number; readonly secondMs: number }): number {
    const changeMs = this.#zone.changeBetween(firstMs, secondMs) ?? secondMs;
    return changeMs + this.#zone.offsetAt(firstMs);
  }

  #instantOf(local: number | undefined): number | undefined {
    if (local === undefined) return undefined;
    const instants = this.#zone.instantsOf(local);
    return instants.kind === "twice" ? instants.firstMs : instants.atMs;
  }
}

/** Every instant whose local time is meant. Goes through stretches of one offset. */
class PassingTime implements ZonedCalendar {
  readonly #calendar: CronCalendar;
  readonly #zone: TimeZone;

  constructor(calendar: CronCalendar, zone: TimeZone) {
    this.#calendar = calendar;
    this.#zone = zone;
  }

  next(afterMs: number): number | undefined {
    let fromMs = afterMs;
    for (;;) {
      const found = this.#nextIn(fromMs);
      if (found === undefined || found <= fromMs + windowMs) return found;
      // Between here and there no local time is meant; only near there the offset matters again.
      fromMs = Math.max(fromMs + windowMs, found - windowMs);
    }
  }

  previous(beforeMs: number): number | undefined {
    let fromMs = beforeMs;
    for (;;) {
      const found = this.#previousIn(fromMs);
      if (found === undefined || found >= fromMs - windowMs) return found;
      fromMs = Math.min(fromMs - windowMs, found + windowMs);
    }
  }

  /** Right up to the end of the window; beyond it, a guess. */
  #nextIn(fromMs: number): number | undefined {
    const changeMs = this.#zone.changeBetween(fromMs, fromMs + windowMs);
    const found = this.#atOffsetOf(fromMs, (local) => this.#calendar.next(local));
    if (changeMs === undefined || found === undefined || found < changeMs) return found;
    return this.#atOffsetOf(changeMs, (local) => this.#calendar.next(local - 1));
  }

  #previousIn(fromMs: number): number | undefined {
    const lastMs = fromMs - 1;
    const changeMs = this.#zone.changeBetween(lastMs - windowMs, lastMs);
    const found = this.#atOffsetOf(lastMs, (local) => this.#calendar.previous(local + 1));
    if (changeMs === undefined || found === undefined || found >= changeMs) return found;
    return this.#atOffsetOf(changeMs - 1, (local) => this.#calendar.previous(local + 1));
  }

  #atOffsetOf(atMs: number, search: (local: number) => number | undefined): number | undefined {
    const offset = this.#zone.offsetAt(atMs);
    const local = search(atMs + offset);
    return local === undefined ? undefined : local - offset;
  }
}
