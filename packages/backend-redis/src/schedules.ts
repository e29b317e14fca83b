import type { ScheduleChange, ScheduleRun, Schedules, StoredSchedule } from "@lovage/backend";
import { asList, asText, asTexts, defineScript, type RedisScript } from "@lovage/client-redis";

import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";

/*
 * Both run when the memory is full, too: a tick that has been published and cannot be recorded is published again, and those that follow wait for it. A run takes one key,
 * which expires.
 */

/** KEYS: all schedules. ARGV: id, document, version that must be there ('' for any). Gives version, last run and runs; nothing if refused. */
const upsertScript: RedisScript = defineScript(
  "schedule-upsert",
  `
local id = ARGV[1]
local version = redis.call('HGET', KEYS[1], 'v:' .. id) or '0'
if ARGV[3] ~= '' and ARGV[3] ~= version then return {} end
redis.call('HSET', KEYS[1], 'd:' .. id, ARGV[2], 'v:' .. id, string.format('%.0f', version + 1))
local found = redis.call('HMGET', KEYS[1], 'v:' .. id, 'l:' .. id, 'r:' .. id)
return {found[1], found[2] or '', found[3] or '0'}
`,
  { allowFull: true },
);

/** KEYS: all schedules, the run. ARGV: id, instant, ms to keep it. Gives whether it is the first. */
const recordScript: RedisScript = defineScript(
  "schedule-record",
  `
if not redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[3]) then return 0 end
local id = ARGV[1]
if redis.call('HEXISTS', KEYS[1], 'd:' .. id) == 1 then
  local last = redis.call('HGET', KEYS[1], 'l:' .. id)
  if not last or tonumber(last) < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], 'l:' .. id, ARGV[2]) end
  redis.call('HINCRBY', KEYS[1], 'r:' .. id, 1)
end
return 1
`,
  { allowFull: true },
);

/** Schedules in Redis; see {@link Schedules}. */
export class RedisSchedules implements Schedules {
  readonly #link: Link;
  readonly #keys: Keys;

  constructor(link: Link, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async list(): Promise<readonly StoredSchedule[]> {
    const fields = asTexts(await this.#link.call("HGETALL", [this.#keys.schedules]));
    const values = new Map(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? ""] as const] : [])));
    const ids = [...values.keys()].filter((name) => name.startsWith("d:")).map((name) => name.slice(2));
    return ids.toSorted().map((id) =>
      toSchedule(id, values.get(`d:${id}`) ?? "", {
        version: values.get(`v:${id}`) ?? "",
        lastRun: values.get(`l:${id}`) ?? "",
        runs: values.get(`r:${id}`) ?? "0",
      }),
    );
  }

  async upsert({ scheduleId, document, ifVersion }: ScheduleChange): Promise<StoredSchedule | undefined> {
    const args = [scheduleId, document, ifVersion === undefined ? "" : String(ifVersion)];
    const [version, lastRun, runs] = asList(await this.#link.run(upsertScript, [this.#keys.schedules], args));
    if (version === undefined) return undefined;
    return toSchedule(scheduleId, document, { version: asText(version), lastRun: asText(lastRun), runs: asText(runs) });
  }

  async remove(scheduleId: string): Promise<void> {
    const fields = ["d:", "v:", "l:", "r:"].map((part) => `${part}${scheduleId}`);
    await this.#link.call("HDEL", [this.#keys.schedules, ...fields]);
  }

  async recordRun({ scheduleId, instantMs, expiresInMs }: ScheduleRun): Promise<boolean> {
    const keys = [this.#keys.schedules, this.#keys.run(scheduleId, instantMs)];
    const args = [scheduleId, instantMs, Math.max(1, Math.ceil(expiresInMs))];
    return (await this.#link.run(recordScript, keys, args)) === 1;
  }
}

interface Fields {
  readonly version: string;
  readonly lastRun: string;
  readonly runs: string;
}

function toSchedule(scheduleId: string, document: string, { version, lastRun, runs }: Fields): StoredSchedule {
  return {
    scheduleId,
    document,
    version: Number(version),
    ...(lastRun === "" ? {} : { lastRunAtMs: Number(lastRun) }),
    runs: Number(runs),
  };
}
