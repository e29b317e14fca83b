import type { ScheduleChange, ScheduleRun, Schedules, StoredSchedule } from "@lovage/backend";
import type { Session } from "./session.ts";

/** Schedules in memory; see {@link Schedules}. */
export class MemorySchedules implements Schedules {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async list(): Promise<readonly StoredSchedule[]> {
    const { schedules } = this.#session.store;
    return [...schedules.values()].toSorted((a, b) => (a.scheduleId < b.scheduleId ? -1 : 1));
  }

  async upsert({ scheduleId, document, ifVersion }: ScheduleChange): Promise<StoredSchedule | undefined> {
    const { schedules } = this.#session.store;
    const there = schedules.get(scheduleId) ?? { scheduleId, version: 0, runs: 0 };
    if (ifVersion !== undefined && ifVersion !== there.version) return undefined;
    const changed: StoredSchedule = { ...there, document, version: there.version + 1 };
    schedules.set(scheduleId, changed);
    return changed;
  }

  async remove(scheduleId: string): Promise<void> {
    this.#session.store.schedules.delete(scheduleId);
  }

  async recordRun({ scheduleId, instantMs, expiresInMs }: ScheduleRun): Promise<boolean> {
    const { store, nowMs } = this.#session;
    const key = `${instantMs} ${scheduleId}`;
    if (store.runs.get(key, nowMs) !== undefined) return false;
    store.runs.set(key, true, nowMs + expiresInMs);
    const schedule = store.schedules.get(scheduleId);
    if (schedule !== undefined) {
      const lastRunAtMs = Math.max(schedule.lastRunAtMs ?? instantMs, instantMs);
      store.schedules.set(scheduleId, { ...schedule, lastRunAtMs, runs: schedule.runs + 1 });
    }
    return true;
  }
}
