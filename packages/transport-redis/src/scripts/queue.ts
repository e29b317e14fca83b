import { defineScript, type RedisScript } from "@lovage/client-redis";

import { kombu } from "./kombu.ts";
import { parts } from "./parts.ts";

/**
 * KEYS: base, base of the dead-letter queue, which may be the same. ARGV: fairness, priorities, retention, who reads it, Kombu's list; an empty text leaves what is there.
 * Gives who reads it, and whether Lovage's workers have ever taken something from it.
 */
export const declareScript: RedisScript = defineScript(
  "declare",
  `
for _, base in ipairs(KEYS) do redis.call('HDEL', base, 'm') end
redis.call('HSETNX', KEYS[2], 'f', '0')
redis.call('HSETNX', KEYS[2], 'p', '0')
redis.call('HSETNX', KEYS[1], 'f', '1')
redis.call('HSETNX', KEYS[1], 'p', '1')
if ARGV[1] ~= '' then redis.call('HSET', KEYS[1], 'f', ARGV[1]) end
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'p', ARGV[2]) end
if ARGV[3] ~= '' then redis.call('HSET', KEYS[2], 'r', ARGV[3]) end
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'c', ARGV[4]) end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'k', ARGV[5]) end
return {redis.call('HGET', KEYS[1], 'c') or '', redis.call('HEXISTS', KEYS[1], 'n')}
`,
  // A worker that begins, or that comes back, declares what it is to work off.
  { allowFull: true },
);

/** KEYS: Kombu's lists. ARGV: their number. Does nothing: it is refused where a step that writes into them would be. */
export const requireScript: RedisScript = defineScript("require", parts.named, { allowFull: true });

/** KEYS: a set. ARGV: names. Topology, which a worker needs before it can free memory. */
export const enterScript: RedisScript = defineScript(
  "enter",
  `
for _, name in ipairs(ARGV) do redis.call('SADD', KEYS[1], name) end
return 1
`,
  { allowFull: true },
);

const eachFlow = `${kombu.lists}${kombu.purge}
local function purge(base, max)
  local removed, flows = 0, 0
  for priority = 9, 0, -1 do
    while flows < max do
      local key = redis.call('LPOP', base .. ':r' .. priority)
      if not key then break end
      local list = base .. ':l' .. priority .. ':' .. key
      removed = removed + redis.call('LLEN', list)
      redis.call('UNLINK', list)
      flows = flows + 1
    end
  end
  if flows < max then
    removed = removed + redis.call('LLEN', base .. ':s') + redis.call('ZCARD', base .. ':d')
    redis.call('UNLINK', base .. ':s', base .. ':d', base .. ':k')
    removed = removed + purge_kombu(redis.call('HMGET', base, 'f', 'p', 'c', 'k'))
  end
  return removed, flows == max
end
`;

/** KEYS: base. ARGV: most flows. Removes what waits; gives how many messages, and whether there is more. */
export const purgeScript: RedisScript = defineScript(
  "purge",
  `${eachFlow}
local removed, is_more = purge(KEYS[1], tonumber(ARGV[1]))
return {removed, is_more and 1 or 0}
`,
  { allowFull: true },
);

/** KEYS: base. Removes a queue with all that is left in it. */
export const deleteScript: RedisScript = defineScript(
  "delete",
  `${eachFlow}
purge(KEYS[1], math.huge)
return redis.call('UNLINK', KEYS[1], KEYS[1] .. ':h', KEYS[1] .. ':x', KEYS[1] .. ':w', KEYS[1] .. ':a')
`,
  { allowFull: true },
);

/**
 * KEYS: base. ARGV: first and last flow of each priority to look at. Gives ready messages of these flows, the oldest stamp ('' for none), whether there
 * are more flows; then suspects and messages in Kombu's lists, delayed, of these due, and leased messages.
 */
export const statsScript: RedisScript = defineScript(
  "stats",
  `${parts.now}${kombu.lists}${kombu.count}
local base, ready, oldest, is_more = KEYS[1], 0, '', 0
for priority = 9, 0, -1 do
  local ring = base .. ':r' .. priority
  for _, key in ipairs(redis.call('LRANGE', ring, ARGV[1], ARGV[2])) do
    local list = base .. ':l' .. priority .. ':' .. key
    ready = ready + redis.call('LLEN', list)
    local stamp = string.sub(redis.call('LINDEX', list, 0), 5, 12)
    if oldest == '' or stamp < oldest then oldest = stamp end
  end
  if redis.call('LLEN', ring) > ARGV[2] + 1 then is_more = 1 end
end
local now = now_ms()
local apart = redis.call('LLEN', base .. ':s') + count_kombu(redis.call('HMGET', base, 'f', 'p', 'c', 'k'))
return {ready, oldest, is_more, apart, redis.call('ZCARD', base .. ':d'),
  redis.call('ZCOUNT', base .. ':d', '-inf', now), redis.call('ZCARD', base .. ':x'), now}
`,
  { allowFull: true },
);
