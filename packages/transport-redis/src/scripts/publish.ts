import { defineScript, type RedisScript } from "@lovage/client-redis";

import { parts } from "./parts.ts";

const { now, token, wake, named, options, ready, delay, publish } = parts;

const publishing = `${named}${now}${wake}${options}${ready}${delay}${publish}
publish(1, #ARGV)
wake_filled()
return made
`;

/** KEYS: bases, Kombu's lists. ARGV: groups of messages, number of these lists. Gives the queues that had to be made. */
export const publishScript: RedisScript = defineScript("publish", publishing);

/** As {@link publishScript}, for follow-ups of what is then settled: taken when the memory is full too, as the settlement of one server takes them. */
export const followUpScript: RedisScript = defineScript("follow-up", publishing, { allowFull: true });

/** KEYS: base. Does nothing: run durably, it tells whether replicas have what the connection wrote before. */
export const confirmScript: RedisScript = defineScript("confirm", "return {}\n", { allowFull: true });

/** How long ago a sleeper may have armed at the most to be handed a message, in ms: one that hangs has not looked since. Sleepers look again each second. */
const freshMs = 1_500;

/**
 * The usual case, one message without a priority or a key to a queue of our own. KEYS: base. ARGV: item. Gives the queues that had to be made.
 *
 * On an idle queue it is leased to a sleeper at once and sent to it, in place of a wake-up that it would have to answer by a claim: only to one that armed just
 * now, so that of those that hang or were cut off few can take a message with them, and only if nothing else is ready or due, so that the order stays. What such
 * a sleeper does not hear comes back when the lease ends, as an answer to a claim that was lost.
 */
export const publishOneScript: RedisScript = defineScript(
  "publish-one",
  `${now}${token}${wake}${options}
local base, item = KEYS[1], ARGV[1]

local function add()
  if redis.call('RPUSH', base .. ':l0:', item) > 1 then return end
  redis.call('RPUSH', base .. ':r0', '')
  -- With messages in it the queue was looked at when the first of them came.
  if redis.call('EXISTS', base) == 0 then options_of(base) end
end

local function is_idle(now)
  local earliest = redis.call('ZRANGE', base .. ':d', '0', '0', 'WITHSCORES')[2]
  if earliest and tonumber(earliest) <= now then return false end
  local ring = base .. ':r'
  return redis.call('EXISTS', ring .. '0', ring .. '1', ring .. '2', ring .. '3', ring .. '4', ring .. '5', ring .. '6', ring .. '7',
    ring .. '8', ring .. '9') == 0
end

local function hand_over(channel)
  local armed = redis.call('HGET', base .. ':a', channel)
  local queue = armed and redis.call('HMGET', base, 'f', 'n')
  if not queue or not queue[1] then return false end
  local now, at, lease_ms, name = now_ms(), string.match(armed, '^(%d+) (%d+) (%d+)$')
  local age = at and now - tonumber(at) or -1
  if age < 0 or age > math.min(${freshMs}, tonumber(lease_ms) / 4) or not is_idle(now) then return false end
  local token = string.format('%.0f', next_token(queue[2], now))
  if redis.call('PUBLISH', channel, base .. '\0' .. token .. ' ' .. name .. '\0' .. item) == 0 then
    redis.call('HDEL', base .. ':a', channel)
    return false
  end
  redis.call('HSET', base .. ':h', token, item)
  redis.call('ZADD', base .. ':x', string.format('%.0f', now + tonumber(lease_ms)), token)
  redis.call('HSET', base, 'n', token)
  return true
end

local channel = redis.call('SPOP', base .. ':w')
if channel and hand_over(channel) then return made end
add()
if channel and redis.call('PUBLISH', channel, base) == 0 then wake(base, 1) end
return made
`,
);
