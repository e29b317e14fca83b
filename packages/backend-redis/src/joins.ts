import type { JoinArrival, JoinMember, JoinOpening, JoinProgress, Joins } from "@lovage/backend";
import { defineScript, type RedisScript } from "@lovage/client-redis";

import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { asList, asNumber, asTexts } from "./replies.ts";

/** KEYS: the join. ARGV: size, ms to keep it. */
const openScript: RedisScript = defineScript(
  "join-open",
  `
if redis.call('HSETNX', KEYS[1], 'size', ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'ttl', ARGV[2], 'n', 0)
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`,
);

/** KEYS: the join. ARGV: member, place, payload. Gives known, arrived, size, completes. */
const arriveScript: RedisScript = defineScript(
  "join-arrive",
  `
local found = redis.call('HMGET', KEYS[1], 'size', 'ttl', 'n', 'by')
if not found[1] then return {0, 0, 0, 0} end
local arrived, by = tonumber(found[3]), found[4]
if redis.call('HSETNX', KEYS[1], 'm:' .. ARGV[1], ARGV[2] .. ' ' .. ARGV[3]) == 1 then
  arrived = redis.call('HINCRBY', KEYS[1], 'n', 1)
  if arrived == tonumber(found[1]) then
    by = ARGV[1]
    redis.call('HSET', KEYS[1], 'by', by)
  end
  redis.call('PEXPIRE', KEYS[1], found[2])
end
return {1, arrived, tonumber(found[1]), by == ARGV[1] and 1 or 0}
`,
);

const memberField = "m:";

/** Joins in Redis; see {@link Joins}. */
export class RedisJoins implements Joins {
  readonly #link: Link;
  readonly #keys: Keys;

  constructor(link: Link, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async open({ joinId, size, expiresInMs }: JoinOpening): Promise<void> {
    await this.#link.run(openScript, [this.#keys.join(joinId)], [size, Math.max(1, Math.ceil(expiresInMs))]);
  }

  async arrive({ joinId, memberId, index, payload }: JoinArrival): Promise<JoinProgress> {
    const reply = asList(await this.#link.run(arriveScript, [this.#keys.join(joinId)], [memberId, index, payload]));
    const [known, arrived = 0, size = 0, completes] = reply.map(asNumber);
    return { known: known === 1, arrived, size, completes: completes === 1 };
  }

  async members(joinId: string): Promise<readonly JoinMember[]> {
    const fields = asTexts(await this.#link.call("HGETALL", [this.#keys.join(joinId)]));
    const members: JoinMember[] = [];
    for (let at = 0; at < fields.length; at += 2) {
      const name = fields[at] ?? "";
      if (name.startsWith(memberField)) members.push(toMember(name.slice(memberField.length), fields[at + 1] ?? ""));
    }
    return members.toSorted((a, b) => a.index - b.index || (a.memberId < b.memberId ? -1 : 1));
  }

  async close(joinId: string): Promise<void> {
    await this.#link.call("UNLINK", [this.#keys.join(joinId)]);
  }
}

function toMember(memberId: string, value: string): JoinMember {
  const space = value.indexOf(" ");
  return { memberId, index: Number(value.slice(0, space)), payload: value.slice(space + 1) };
}
