import { LovageError } from "@lovage/foundation";
import { array, boolean, literal, number, object, optional, parse, picklist, record, string, unknown } from "valibot";
import { mayHoldTags, parseJson, readTags } from "../../protocol/decode-json.ts";
import { encodeJson } from "../../protocol/encode-json.ts";
import { readScheduleSpec } from "../schedule/read-schedule-spec.ts";
import { defineSchedule } from "./schedule-definition.ts";
import type { ScheduleDefinition } from "./schedule-definition.ts";

/** A schedule as it is kept in a store. */
export interface ScheduleDocument {
  readonly definition: ScheduleDefinition;
  /** Who looks after it: the app's code, which a beat copies into the store, or whoever put it into the store. */
  readonly source: "code" | "store";
  readonly isPaused: boolean;
  /** Unix ms; ticks up to this instant are done with, whether they ran or not. */
  readonly doneMs: number;
}

const maxBytes = 262_144;
const maxDepth = 64;

const schema = object({
  format: literal(1),
  source: picklist(["code", "store"]),
  isPaused: boolean(),
  doneMs: number(),
  task: string(),
  schedule: unknown(),
  args: array(unknown()),
  kwargs: optional(record(string(), unknown())),
  options: record(string(), unknown()),
  missed: optional(unknown()),
  overlap: optional(unknown()),
  jitterMs: number(),
  startMs: optional(number()),
  endMs: optional(number()),
  maxRuns: optional(number()),
});

/** A schedule as text. @throws PAYLOAD_ENCODE, PAYLOAD_TOO_LARGE for arguments that cannot travel */
export function encodeDocument({ definition, source, isPaused, doneMs }: ScheduleDocument): string {
  const { name, schedule, ...rest } = definition;
  return encodeJson(
    { format: 1, source, isPaused, doneMs, ...rest, schedule: schedule.toJSON() },
    { root: "schedule", subject: `Schedule "${name}"`, maxBytes, maxDepth },
  );
}

/** A schedule out of its text. @throws SCHEDULE_UNREADABLE for what another program, or a newer release, has written */
export function decodeDocument(name: string, text: string): ScheduleDocument {
  try {
    const parsed = parseJson(text, `Schedule "${name}"`);
    const value = mayHoldTags(text)
      ? readTags(parsed, { as: "values", timezone: "UTC", subject: `Schedule "${name}"` })
      : parsed;
    const { source, isPaused, doneMs, format: _format, ...fields } = parse(schema, value);
    const { schedule, jitterMs, startMs, endMs, ...rest } = fields;
    const definition = defineSchedule(name, {
      ...rest,
      schedule: readScheduleSpec(schedule),
      jitter: jitterMs,
      start: startMs === undefined ? undefined : new Date(startMs),
      end: endMs === undefined ? undefined : new Date(endMs),
    });
    return { definition, source, isPaused, doneMs };
  } catch (cause) {
    throw new LovageError(
      `Schedule "${name}" in the store cannot be read by this release. Set it anew, remove it, or update the package.`,
      { code: "SCHEDULE_UNREADABLE", cause },
    );
  }
}
