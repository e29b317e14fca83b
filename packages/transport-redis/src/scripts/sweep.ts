import { defineScript, type RedisScript } from "@lovage/client-redis";

import { parts } from "./parts.ts";

const { now, wake, options, ready, restore } = parts;

/**
 * KEYS: base, base of its dead-letter queue. ARGV: losses that make a suspect, most messages, default retention. Gives how many were taken back and how
 * many dead letters were dropped. A dead-letter queue is in order of death, so only its head is looked at.
 */
export const sweepScript: RedisScript = defineScript(
  "sweep",
  `${now}${wake}${options}${ready}${restore}
local base, dead, max, now = KEYS[1], KEYS[2], tonumber(ARGV[2]), now_ms()

local function recover()
  local tokens = redis.call('ZRANGE', base .. ':x', '-inf', now, 'BYSCORE', 'LIMIT', 0, max)
  if #tokens == 0 then return 0 end
  local items, options = {}, options_of(base)
  if is_shared(options) then require_lists(options) end
  for _, token in ipairs(tokens) do
    local item = redis.call('HGET', base .. ':h', token)
    redis.call('HDEL', base .. ':h', token)
    if item then
      item = whole(item)
      local losses = math.min(255, string.byte(item, 2) + 1)
      local flags = losses >= tonumber(ARGV[1]) and '3' or '1'
      items[#items + 1] = {tonumber(token), string.sub(item, 1, 1) .. string.char(losses) .. flags .. string.sub(item, 4)}
    end
  end
  redis.call('ZREM', base .. ':x', unpack(tokens))
  restore(base, options, items)
  wake(base, math.min(#items, 16))
  return #items
end

local function drop(max)
  local retention = tonumber(redis.call('HGET', dead, 'r') or ARGV[3])
  local list, dropped = dead .. ':l0:', 0
  while dropped < max do
    local item = redis.call('LINDEX', list, 0)
    if not item or (tonumber(string.sub(item, 5, 12), 36) or 0) > now - retention then break end
    redis.call('LPOP', list)
    dropped = dropped + 1
  end
  if dropped > 0 and redis.call('EXISTS', list) == 0 then redis.call('LREM', dead .. ':r0', 1, '') end
  return dropped
end

-- Of messages that Celery's workers have taken since nobody comes to strike them out.
if redis.call('EXISTS', base .. ':k') == 1 then
  redis.call('ZREMRANGEBYSCORE', base .. ':k', '-inf', string.format('%.0f', math.floor(now / 1000 - 604800) * 512))
  redis.call('ZREMRANGEBYRANK', base .. ':k', 0, -100001)
end

local recovered = recover()
return {recovered, drop(max - recovered), made}
`,
  { allowFull: true },
);
