import type { WireSignature } from "../protocol/task-call.ts";

type Options = WireSignature["options"];

/** Say where a signature stands in its workflow, not how it is sent. */
const placeNames: ReadonlySet<string> = new Set([
  "task_id",
  "group_id",
  "group_index",
  "root_id",
  "parent_id",
  "reply_to",
  "chain",
  "chord",
  "link",
  "link_error",
  "stamped_headers",
]);

/** A part of a workflow with what was set on the whole, which stands above the part's own, as in Celery (wire format, 8.1). */
export function inheritOptions(part: WireSignature, whole: Options): WireSignature {
  const { stamped_headers: stamps } = whole;
  // Celery stamps the parts themselves.
  const isStamp = (name: string): boolean => Array.isArray(stamps) && stamps.includes(name);
  const given = Object.entries(whole).filter(([name]) => !placeNames.has(name) && !isStamp(name));
  return given.length === 0 ? part : { ...part, options: { ...part.options, ...Object.fromEntries(given) } };
}
