import { createHash } from "node:crypto";

/** One instant of one schedule of one app. */
export interface Tick {
  readonly app: string;
  readonly schedule: string;
  readonly instantMs: number;
}

const dayMs = 86_400_000;
const longestMs = 31 * dayMs;

/** The id of a tick's task, the same wherever it is computed: a UUID of version 8 (RFC 9562). */
export function tickTaskId(tick: Tick): string {
  const bytes = digest(tick);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex", 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** How much later than its instant a tick is due: the same wherever it is computed. */
export function tickJitterMs(tick: Tick, jitterMs: number): number {
  return jitterMs === 0 ? 0 : digest(tick).readUInt32BE(16) % jitterMs;
}

/** How long a tick is remembered: longer for schedules with few of them. */
export function tickMemoryMs(gapMs: number): number {
  return Math.min(longestMs, Math.max(dayMs, 1_000 * gapMs));
}

function digest({ app, schedule, instantMs }: Tick): Buffer {
  return createHash("sha256")
    .update(JSON.stringify([app, schedule, instantMs]))
    .digest();
}
