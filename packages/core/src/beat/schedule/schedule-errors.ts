import { LovageError } from "@lovage/foundation";

/** A schedule cannot mean what it says: bad syntax, an unknown time zone, a day that never comes. Code `SCHEDULE_INVALID`. */
export class ScheduleValidationError extends LovageError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { ...options, code: "SCHEDULE_INVALID" });
  }
}

/** A schedule has no instant within the 8 years that are searched. Code `SCHEDULE_HORIZON`. */
export class ScheduleHorizonError extends LovageError {
  constructor(schedule: string, fromMs: number) {
    super(
      `Schedule ${schedule} has no instant within 8 years of ${new Date(fromMs).toISOString()}. Choose days that come more often.`,
      { code: "SCHEDULE_HORIZON" },
    );
  }
}
