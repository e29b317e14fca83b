import { defineScript, type RedisScript } from "@lovage/client-redis";

import { parts } from "./parts.ts";

const { now, wake, named, options, ready, delay, publish, restore, lost, receipt } = parts;

/** The usual case, acknowledgements without follow-ups. KEYS: base. ARGV: receipt, tokens. Gives the places of those that are lost. */
export const ackScript: RedisScript = defineScript(
  "ack",
  `${receipt}${lost}
local held, lost = split(KEYS[1] .. ':x', 3, #ARGV)
if #held > 0 then
  redis.call('HDEL', KEYS[1] .. ':h', unpack(held))
  redis.call('ZREM', KEYS[1] .. ':x', unpack(held))
end
return lost
`,
  { allowFull: true },
);

/**
 * Any settlements, in order. KEYS: base, bases of next steps, Kombu's lists. ARGV: receipt; for each token, delay (-1: it is gone; 0: it is ready at once), stamp of a delayed one, how much of
 * ARGV its messages take, these as `publish` has them; at the end the number of Kombu's lists. Gives the places of those that are lost, and the queues that had to be made.
 */
export const settleScript: RedisScript = defineScript(
  "settle",
  `${named}${receipt}${now}${wake}${options}${ready}${delay}${publish}${restore}
local base, at, place = KEYS[1], 3, 0
local lost, released, options = {}, {}, nil

local function release(token, raw, delay_ms, stamp)
  local item = whole(raw)
  local flags = string.byte(item, 3)
  if flags % 2 == 0 then flags = flags + 1 end
  options = options or options_of(base)
  if delay_ms == 0 then
    released[#released + 1] = {tonumber(token), string.sub(item, 1, 2) .. string.char(flags) .. string.sub(item, 4)}
  else
    item = string.sub(item, 1, 2) .. string.char(flags) .. string.sub(item, 4, 4) .. stamp .. string.sub(item, 13)
    if delay(base, item, now_ms() + delay_ms) then fill(base, 1) end
  end
end

while at <= #ARGV do
  local token, delay_ms, stamp, length = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2], tonumber(ARGV[at + 3])
  local item = redis.call('HGET', base .. ':h', token)
  if item then
    redis.call('HDEL', base .. ':h', token)
    redis.call('ZREM', base .. ':x', token)
    if delay_ms >= 0 then release(token, item, delay_ms, stamp) end
    publish(at + 4, at + 3 + length)
  else
    lost[#lost + 1] = place
  end
  at, place = at + 4 + length, place + 1
end
if #released > 0 then
  restore(base, options, released)
  fill(base, #released)
end
wake_filled()
return {lost, made}
`,
  { allowFull: true },
);
