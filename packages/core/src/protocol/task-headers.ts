import { OptionError } from "@lovage/foundation";
import type { Headers, HeaderValue } from "@lovage/transport";

import { pythonRepr } from "./python-repr.ts";
import type { TaskCall } from "./task-call.ts";
import { ValueCheck } from "./value-check.ts";
import { formatWireTime } from "./wire-time.ts";

/** Who wrote a message, in its header `lang`. */
export const LANGUAGE = "js";

/** Header of a call whose caller chose to have a result: among Celery's headers `ignore_result: false` stands as well where nobody said anything. */
export const KEEP_RESULT = "lovage_keep_result";

/** Headers that are the protocol's, whatever a user calls theirs (wire format, 1.1). */
export const protocolHeaders: ReadonlySet<string> = new Set([
  "lang",
  "task",
  "id",
  "shadow",
  "eta",
  "expires",
  "group",
  "group_index",
  "retries",
  "timelimit",
  "root_id",
  "parent_id",
  "argsrepr",
  "kwargsrepr",
  "origin",
  "ignore_result",
  "replaced_task_nesting",
  "stamped_headers",
  "stamps",
  "compression",
  "redelivered",
  KEEP_RESULT,
]);

const MAX_HEADER_BYTES = 65_536;
const MAX_HEADER_DEPTH = 32;
type Draft = Record<string, HeaderValue>;

/** Headers of a call on a queue of Lovage's own: what a Celery worker needs, and what is not the default. */
export function leanHeaders(call: TaskCall): Headers {
  const headers: Draft = { lang: LANGUAGE, task: call.task, id: call.id };
  if (call.retries > 0) headers["retries"] = call.retries;
  addFamily(headers, call);
  addLimits(headers, call);
  if (call.shadow !== undefined) headers["shadow"] = call.shadow;
  if (call.origin !== undefined) headers["origin"] = call.origin;
  return withUserHeaders(headers, call.headers);
}

function addFamily(headers: Draft, { id, rootId, parentId, groupId, groupIndex, stamps }: TaskCall): void {
  if (rootId !== id) headers["root_id"] = rootId;
  if (parentId !== undefined) headers["parent_id"] = parentId;
  if (groupId !== undefined) headers["group"] = groupId;
  if (groupIndex !== undefined) headers["group_index"] = groupIndex;
  if (stamps === undefined) return;
  headers["stamped_headers"] = Object.keys(stamps);
  headers["stamps"] = stamps;
}

function addLimits(headers: Draft, call: TaskCall): void {
  if (call.etaMs !== undefined) headers["eta"] = formatWireTime(call.etaMs, "eta");
  if (call.expiresAtMs !== undefined) headers["expires"] = formatWireTime(call.expiresAtMs, "expires");
  if (call.timeLimitMs !== undefined || call.softTimeLimitMs !== undefined) headers["timelimit"] = timeLimits(call);
  if (call.ignoreResult !== undefined) headers["ignore_result"] = call.ignoreResult;
}

/** Headers of a call as Celery 5.6 sends them, in its order. */
export function fullHeaders(call: TaskCall): Headers {
  const { stamps } = call;
  const headers: Draft = {
    lang: LANGUAGE,
    task: call.task,
    id: call.id,
    shadow: call.shadow ?? null,
    eta: timeOrNull(call.etaMs, "eta"),
    expires: timeOrNull(call.expiresAtMs, "expires"),
    group: call.groupId ?? null,
    group_index: call.groupIndex ?? null,
    retries: call.retries,
    timelimit: timeLimits(call),
    root_id: call.rootId,
    parent_id: call.parentId ?? null,
    argsrepr: pythonRepr(call.args, "tuple"),
    kwargsrepr: pythonRepr(call.kwargs, "tuple"),
    origin: call.origin ?? null,
    ignore_result: call.ignoreResult ?? false,
    replaced_task_nesting: 0,
    stamped_headers: stamps === undefined ? null : Object.keys(stamps),
    stamps: stamps ?? {},
    ...(call.ignoreResult === false && { [KEEP_RESULT]: true }),
  };
  return withUserHeaders(headers, call.headers);
}

function timeOrNull(ms: number | undefined, field: string): string | null {
  return ms === undefined ? null : formatWireTime(ms, field);
}

/** Hard and soft limit, in seconds. */
function timeLimits({ timeLimitMs, softTimeLimitMs }: TaskCall): HeaderValue {
  return [seconds(timeLimitMs), seconds(softTimeLimitMs)];
}

function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1_000;
}

/** @throws OPTION_INVALID, PAYLOAD_ENCODE for a header of the user's that is no JSON or would stand in for one of the protocol's */
function withUserHeaders(headers: Draft, own: Headers): Headers {
  const names = Object.keys(own);
  if (names.length === 0) return headers;
  const taken = names.find((name) => protocolHeaders.has(name));
  if (taken !== undefined) {
    throw new OptionError(`headers cannot have "${taken}": that name is the protocol's own. Choose another.`, {
      field: "headers",
    });
  }
  checkUserHeaders(own);
  // A spread makes own properties, of `__proto__` too.
  return { ...headers, ...own };
}

function checkUserHeaders(own: Headers): void {
  const check = new ValueCheck({
    root: "headers",
    subject: "Headers",
    maxBytes: MAX_HEADER_BYTES,
    maxDepth: MAX_HEADER_DEPTH,
  });
  check.check(own);
  if (!check.tagged) return;
  throw new OptionError("headers take plain JSON: no Date and no bytes. Send them as text.", { field: "headers" });
}
