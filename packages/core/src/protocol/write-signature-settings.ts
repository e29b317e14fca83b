import { withoutUndefined } from "@lovage/foundation";

import type { SignatureSettings } from "./signature-settings.ts";
import type { WireSignature } from "./task-call.ts";
import { formatWireTime } from "./wire-time.ts";

/** Options of a signature that say this; nothing is written for what is not set (wire format, 8.1). @throws OPTION_INVALID */
export function writeSignatureSettings(settings: SignatureSettings): WireSignature["options"] {
  return withoutUndefined({
    task_id: settings.taskId,
    queue: settings.queue,
    priority: settings.priority,
    countdown: inSeconds(settings.countdownMs),
    eta: settings.etaMs === undefined ? undefined : formatWireTime(settings.etaMs, "eta"),
    expires: writeExpiry(settings.expires),
    time_limit: inSeconds(settings.timeLimitMs),
    soft_time_limit: inSeconds(settings.softTimeLimitMs),
    ignore_result: settings.ignoreResult,
    headers: settings.headers,
    shadow: settings.shadow,
    key: settings.key,
    reply_to: settings.replyTo,
    group_id: settings.groupId,
    group_index: settings.groupIndex,
    chord: settings.chord,
    chain: settings.chain,
    link: settings.callbacks,
    link_error: settings.errbacks,
    ...(settings.stamps && { ...settings.stamps, stamped_headers: Object.keys(settings.stamps) }),
  });
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}

function writeExpiry(expires: SignatureSettings["expires"]): number | string | undefined {
  if (expires === undefined) return undefined;
  return "inMs" in expires ? expires.inMs / 1_000 : formatWireTime(expires.atMs, "expires");
}
