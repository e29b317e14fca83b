import type { Schedules, StoredSchedule } from "@lovage/backend";
import { LovageError } from "@lovage/foundation";
import { decodeDocument, encodeDocument } from "../definition/schedule-document.ts";
import type { ScheduleDocument } from "../definition/schedule-document.ts";
import type { ScheduleProgress } from "../tick/plan-ticks.ts";

/** A schedule of the store. */
export interface KeptSchedule {
  readonly name: string;
  readonly document: ScheduleDocument;
  readonly progress: ScheduleProgress;
  /** Unix ms of the latest tick that was published. */
  readonly lastRunAtMs: number | undefined;
  readonly version: number;
}

/** What the schedules of a store are told apart by. */
export interface ScheduleStoreOptions {
  /** Name of the app: apps may share a store. */
  readonly app: string;
  readonly schedules: Schedules;
  /** Told of schedules that cannot be read; they are left out. */
  readonly onUnreadable: (name: string, error: unknown) => void;
}

/** A schedule as the caller has read it before; `undefined`: there was none. */
export interface ReadBefore {
  readonly there: KeptSchedule | undefined;
}

/** A document, once read. */
interface ReadDocument {
  readonly version: number;
  /** `undefined`: it cannot be read. */
  readonly document: ScheduleDocument | undefined;
}

/** Between reading and writing somebody else may write; that often in a row means something is wrong. */
const mostAttempts = 20;
/** No app has it in its name. */
const separator = "|";

/** The schedules of one app in a store that others share. */
export class ScheduleStore {
  readonly #options: ScheduleStoreOptions;
  readonly #prefix: string;
  /** Documents read before, by name; they change seldom and are read often. */
  #read: ReadonlyMap<string, ReadDocument> = new Map();

  constructor(options: ScheduleStoreOptions) {
    this.#options = options;
    this.#prefix = `${options.app}${separator}`;
  }

  /** All that can be read, by name. @throws BACKEND_UNAVAILABLE */
  async list(): Promise<ReadonlyMap<string, KeptSchedule>> {
    const stored = await this.#options.schedules.list();
    const kept = new Map<string, KeptSchedule>();
    const read = new Map<string, ReadDocument>();
    for (const schedule of stored) {
      if (!schedule.scheduleId.startsWith(this.#prefix)) continue;
      const name = schedule.scheduleId.slice(this.#prefix.length);
      const document = this.#decode(name, schedule);
      read.set(name, { version: schedule.version, document });
      if (document !== undefined) kept.set(name, toKept(name, document, schedule));
    }
    this.#read = read;
    return kept;
  }

  /**
   * Changes one schedule, or adds it, whatever others write meanwhile.
   * @param change Gives the new document; `undefined` to leave everything as it is.
   * @param before Spares the first look, which reads all schedules: the version tells whether it still holds.
   * @returns whether something was written
   * @throws what `change` throws; BACKEND_UNAVAILABLE; SCHEDULE_CONTENDED
   */
  async change(
    name: string,
    change: (there: KeptSchedule | undefined) => ScheduleDocument | undefined,
    before?: ReadBefore,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const isKnown = attempt === 0 && before !== undefined;
      const { there, version } = isKnown
        ? { there: before.there, version: before.there?.version ?? 0 }
        : await this.#look(name);
      const changed = change(there);
      if (changed === undefined) return false;
      const request = { scheduleId: this.#id(name), document: encodeDocument(changed), ifVersion: version };
      if ((await this.#options.schedules.upsert(request)) !== undefined) return true;
    }
    throw new LovageError(`Schedule "${name}" is changed by others all the time; it could not be changed. Try again.`, {
      code: "SCHEDULE_CONTENDED",
      retryable: true,
    });
  }

  async remove(name: string): Promise<void> {
    await this.#options.schedules.remove(this.#id(name));
  }

  /** Writes down that a tick was published. */
  async record(name: string, instantMs: number, expiresInMs: number): Promise<void> {
    await this.#options.schedules.recordRun({ scheduleId: this.#id(name), instantMs, expiresInMs });
  }

  /** The version is there also of what cannot be read. */
  async #look(name: string): Promise<ReadBefore & { readonly version: number }> {
    const stored = (await this.#options.schedules.list()).find(({ scheduleId }) => scheduleId === this.#id(name));
    const document = stored && this.#decode(name, stored);
    return { there: stored && document && toKept(name, document, stored), version: stored?.version ?? 0 };
  }

  #id(name: string): string {
    return `${this.#prefix}${name}`;
  }

  #decode(name: string, { version, document }: StoredSchedule): ScheduleDocument | undefined {
    const known = this.#read.get(name);
    if (known?.version === version) return known.document;
    try {
      return decodeDocument(name, document);
    } catch (error) {
      this.#options.onUnreadable(name, error);
      return undefined;
    }
  }
}

function toKept(name: string, document: ScheduleDocument, stored: StoredSchedule): KeptSchedule {
  const { runs, lastRunAtMs, version } = stored;
  const doneMs = Math.max(document.doneMs, lastRunAtMs ?? -Infinity);
  return { name, document, version, lastRunAtMs, progress: { doneMs, runs } };
}
