import type { ScheduleDefinition } from "../definition/schedule-definition.ts";
import { encodeDocument } from "../definition/schedule-document.ts";
import type { ScheduleDocument } from "../definition/schedule-document.ts";
import type { KeptSchedule, ScheduleStore } from "./schedule-store.ts";

/** How schedules are copied. */
export interface CopyOptions {
  readonly nowMs: number;
  /** Called for each that is written: thousands take their time. */
  readonly onWritten: () => void;
}

/**
 * Brings the schedules of the code into the store, where all beats, and `lovage schedules`, see them. What was paused stays paused, runs stay counted.
 *
 * | the code | the store | what happens |
 * |---|---|---|
 * | has it | has not | added; ticks count from now |
 * | has it | has it, otherwise | changed; if it comes at other times, ticks count from now |
 * | has not | has it from code | removed |
 */
export async function copyCodeSchedules(
  store: ScheduleStore,
  code: ReadonlyMap<string, ScheduleDefinition>,
  { nowMs, onWritten }: CopyOptions,
): Promise<void> {
  const kept = await store.list();
  for (const definition of code.values()) {
    const before = kept.get(definition.name);
    if (isCurrent(before, definition)) continue;
    const change = (there: KeptSchedule | undefined): ScheduleDocument | undefined =>
      isCurrent(there, definition) ? undefined : updated(there, definition, nowMs);
    await store.change(definition.name, change, { there: before });
    onWritten();
  }
  for (const { name, document } of kept.values()) {
    if (document.source !== "code" || code.has(name)) continue;
    await store.remove(name);
    onWritten();
  }
}

/** The document of a schedule that is changed: what its ticks were stays done. */
export function updated(
  there: KeptSchedule | undefined,
  definition: ScheduleDefinition,
  nowMs: number,
): ScheduleDocument {
  const { isPaused = false, definition: before } = there?.document ?? {};
  const isOnTime = before !== undefined && timesOf(before) === timesOf(definition);
  const doneMs = isOnTime ? (there?.document.doneMs ?? nowMs) : nowMs;
  return { definition, source: "code", isPaused, doneMs };
}

function isCurrent(there: KeptSchedule | undefined, definition: ScheduleDefinition): boolean {
  if (there?.document.source !== "code") return false;
  return encodeDocument(there.document) === encodeDocument({ ...there.document, definition });
}

function timesOf({ schedule, startMs, endMs }: ScheduleDefinition): string {
  return JSON.stringify([schedule.toJSON(), startMs, endMs]);
}
