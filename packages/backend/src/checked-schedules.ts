import { checkId } from "./check-id.ts";
import type { ScheduleChange, ScheduleRun, Schedules, StoredSchedule } from "./schedules.ts";

/** Schedules whose ids every store can keep. @throws OPTION_INVALID before any I/O */
export function checkedSchedules(inner: Schedules): Schedules {
  return new CheckedSchedules(inner);
}

class CheckedSchedules implements Schedules {
  readonly #inner: Schedules;

  constructor(inner: Schedules) {
    this.#inner = inner;
  }

  list(): Promise<readonly StoredSchedule[]> {
    return this.#inner.list();
  }

  async upsert(change: ScheduleChange): Promise<StoredSchedule | undefined> {
    checkId(change.scheduleId, "scheduleId");
    return await this.#inner.upsert(change);
  }

  async remove(scheduleId: string): Promise<void> {
    checkId(scheduleId, "scheduleId");
    await this.#inner.remove(scheduleId);
  }

  async recordRun(run: ScheduleRun): Promise<boolean> {
    checkId(run.scheduleId, "scheduleId");
    return await this.#inner.recordRun(run);
  }
}
