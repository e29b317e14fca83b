import { FeatureUnsupportedError } from "@lovage/transport";
import type { AppRuntime } from "../../app/app-runtime.ts";
import { ScheduleStore } from "./schedule-store.ts";

/** The store of an app's schedules. @throws FEATURE_UNSUPPORTED, BACKEND_UNAVAILABLE */
export async function openScheduleStore(runtime: AppRuntime): Promise<ScheduleStore> {
  const schedules = (await runtime.backend())?.schedules;
  if (schedules === undefined) {
    throw new FeatureUnsupportedError(
      `Schedules need a backend that keeps them, such as sqlite:, redis: or postgres:; app "${runtime.name}" has none.`,
    );
  }
  return new ScheduleStore({
    app: runtime.name,
    schedules,
    onUnreadable: (name, error) =>
      runtime.log.error("A schedule in the store cannot be read; it is left out.", { schedule: name, error }),
  });
}
