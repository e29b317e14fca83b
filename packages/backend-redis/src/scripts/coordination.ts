import { defineScript, type RedisScript } from "@lovage/client-redis";

import { nextNumber } from "./numbers.ts";

/*
 * All of them run when the memory is full, too: workers need them to work off what the server has, and their keys are few and expire.
 */

/** What several scripts on the places under one name share. Each of its keys lives as long as the last hold or waiter in it. */
const places = `${nextNumber}
local holds, fences, turns, waits = KEYS[1], KEYS[1] .. ':f', KEYS[1] .. ':t', KEYS[1] .. ':w'
local function take_expired(ends)
  local gone = redis.call('ZRANGE', ends, '-inf', now, 'BYSCORE', 'LIMIT', 0, 1000)
  if #gone > 0 then redis.call('ZREM', ends, unpack(gone)) end
  return gone
end
local function keep(ends, beside)
  local last = redis.call('ZRANGE', ends, -1, -1, 'WITHSCORES')[2]
  if not last then return end
  redis.call('PEXPIREAT', ends, text(last))
  redis.call('PEXPIREAT', beside, text(last))
end
for _, holder in ipairs(take_expired(holds)) do redis.call('HDEL', fences, ':' .. holder) end
for _, waiter in ipairs(take_expired(waits)) do redis.call('ZREM', turns, waiter) end
`;

/**
 * KEYS: the name. ARGV: holder, limit, length of the lease, patience. Gives granted, fence (as text), ms until it is worth to ask again, waiters ahead.
 */
export const acquireScript: RedisScript = defineScript(
  "acquire",
  `${places}
local holder, limit, lease, patience = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('ZSCORE', holds, holder) then
  redis.call('ZADD', holds, text(now + lease), holder)
  keep(holds, fences)
  return {1, redis.call('HGET', fences, ':' .. holder), 0, 0}
end
local turn = redis.call('ZRANK', turns, holder)
local ahead = turn or redis.call('ZCARD', turns)
if limit - redis.call('ZCARD', holds) > ahead then
  local fence = next_number(redis.call('HGET', fences, ''))
  redis.call('HSET', fences, '', fence, ':' .. holder, fence)
  redis.call('ZADD', holds, text(now + lease), holder)
  redis.call('ZREM', turns, holder)
  redis.call('ZREM', waits, holder)
  keep(holds, fences)
  return {1, fence, 0, 0}
end
if patience > 0 then
  if not turn then
    local last = redis.call('ZRANGE', turns, -1, -1, 'WITHSCORES')[2]
    redis.call('ZADD', turns, text((last or 0) + 1), holder)
  end
  redis.call('ZADD', waits, text(now + patience), holder)
  keep(waits, turns)
else
  redis.call('ZREM', turns, holder)
  redis.call('ZREM', waits, holder)
end
local next_end = math.huge
for _, ends in ipairs({holds, waits}) do
  local first = redis.call('ZRANGE', ends, 0, 0, 'WITHSCORES')
  if first[2] and first[1] ~= holder then next_end = math.min(next_end, tonumber(first[2])) end
end
return {0, '0', next_end == math.huge and 1 or math.max(1, next_end - now), ahead}
`,
  { allowFull: true },
);

/** KEYS: the name. ARGV: holder, length of the lease. Gives whether it still holds. */
export const renewScript: RedisScript = defineScript(
  "renew",
  `${places}
if not redis.call('ZSCORE', holds, ARGV[1]) then return 0 end
redis.call('ZADD', holds, text(now + tonumber(ARGV[2])), ARGV[1])
keep(holds, fences)
return 1
`,
  { allowFull: true },
);

/** KEYS: the name. ARGV: holder. */
export const releaseScript: RedisScript = defineScript(
  "release",
  `${places}
redis.call('ZREM', holds, ARGV[1])
redis.call('HDEL', fences, ':' .. ARGV[1])
redis.call('ZREM', turns, ARGV[1])
return redis.call('ZREM', waits, ARGV[1])
`,
  { allowFull: true },
);

/** KEYS: the bucket. ARGV: ms a token takes, burst, cost. Gives in how many ms the turn is. A bucket that is full again needs no memory. */
export const reserveScript: RedisScript = defineScript(
  "reserve",
  `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local token = tonumber(ARGV[1])
local booked = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + token * ARGV[3]
redis.call('SET', KEYS[1], string.format('%.6f', booked), 'PX', string.format('%.0f', math.max(1, math.ceil(booked - now))))
return string.format('%.0f', math.max(0, math.ceil(booked - token * ARGV[2] - now)))
`,
  { allowFull: true },
);

/** KEYS: the key. ARGV: owner, ms to keep it. Gives who owns it. */
export const claimKeyScript: RedisScript = defineScript(
  "claim-key",
  `
local owner = redis.call('GET', KEYS[1]) or ARGV[1]
if owner == ARGV[1] then redis.call('SET', KEYS[1], owner, 'PX', ARGV[2]) end
return owner
`,
  { allowFull: true },
);

/** KEYS: the key. ARGV: owner. */
export const releaseKeyScript: RedisScript = defineScript(
  "release-key",
  `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('UNLINK', KEYS[1]) end
return 0
`,
  { allowFull: true },
);
