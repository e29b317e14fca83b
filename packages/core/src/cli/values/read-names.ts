import { checkName, OptionError } from "@lovage/foundation";
import { checkTaskId } from "../../app/check-option.ts";

/** A task's name. @throws NAME_INVALID */
export function readTask(text: string): string {
  return checkName(text, { kind: "task" });
}

/** A schedule's name. @throws NAME_INVALID */
export function readSchedule(text: string): string {
  return checkName(text, { kind: "schedule" });
}

/** A worker's name. @throws NAME_INVALID */
export function readHostname(text: string): string {
  return checkName(text, { kind: "worker" });
}

/** One queue's name. @throws NAME_INVALID */
export function readQueue(text: string): string {
  return checkName(text, { kind: "queue" });
}

/** Names of queues, separated by commas; each once. @throws NAME_INVALID, OPTION_INVALID */
export function readQueues(text: string): readonly string[] {
  return [...new Set(readList(text).map((name) => readQueue(name)))];
}

/** The id of a call. @throws OPTION_INVALID */
export function readId(text: string): string {
  return checkTaskId(text);
}

/** Ids of tasks, separated by commas; each once. @throws OPTION_INVALID */
export function readIds(text: string): readonly string[] {
  return [...new Set(readList(text))];
}

function readList(text: string): readonly string[] {
  const items = text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  if (items.length > 0) return items;
  throw new OptionError("At least one name is needed; several are separated by commas.", { field: "names" });
}
