import { defineScript, type RedisScript } from "@lovage/client-redis";

import { parts } from "./parts.ts";

const { now, named, ready, promote } = parts;

/**
 * Ready messages in order of delivery within their flows, then suspects. KEYS: base. ARGV: how many, place to begin at (urgency 0 to 9, 10 for suspects, 11 to 14 for Kombu's lists; flow, message),
 * most to make ready. Gives items, the place that follows (nothing at the end), and how
 * many items stand before those of Kombu's lists.
 */
export const browseReadyScript: RedisScript = defineScript(
  "browse-ready",
  `${now}${ready}${promote}
local base, left = KEYS[1], tonumber(ARGV[1])
local urgency, flow, offset = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local found = redis.call('HMGET', base, 'f', 'p', 'c', 'k')
promote(base, found, now_ms(), tonumber(ARGV[5]))
local items, own = {}, 0
local counts = redis.call('EXISTS', base .. ':k') == 1

local function page_of(list)
  if urgency <= 10 then return redis.call('LRANGE', list, offset, offset + left - 1) end
  local envelopes, page = redis.call('LRANGE', list, -(offset + left), -(offset + 1)), {}
  for index = #envelopes, 1, -1 do
    local score = counts and redis.call('ZSCORE', base .. ':k', name_of(envelopes[index])) or 0
    local losses, redelivered = math.floor(score % 512 / 2), score % 2
    local head = kombu_digits[urgency - 10] .. string.char(losses) .. redelivered .. '\\000' .. '00000000'
    page[#page + 1] = head .. envelopes[index]
  end
  return page
end

while urgency <= 14 do
  local list
  if urgency > 10 then
    local name = found[4] and found[4] .. kombu_steps[urgency - 10]
    list = flow == 0 and name and holds_messages(found, name) and name
  elseif urgency == 10 then
    list = flow == 0 and base .. ':s'
  else
    local key = redis.call('LINDEX', base .. ':r' .. (9 - urgency), flow)
    list = key and base .. ':l' .. (9 - urgency) .. ':' .. key
  end
  if list then
    local page = page_of(list)
    for _, item in ipairs(page) do items[#items + 1] = item end
    if urgency <= 10 then own = #items end
    left = left - #page
    if left == 0 then return {items, {urgency, flow, offset + #page}, own} end
    flow, offset = flow + 1, 0
  else
    urgency, flow, offset = urgency + 1, 0, 0
  end
end
return {items, {}, own}
`,
  { allowFull: true },
);

/** Delayed (`d`) or leased (`x`) messages by their time. KEYS: base. ARGV: `d` or `x`, first and last place. Gives item, time, item, time …; a delayed item with the 16 characters before it */
export const browseHeldScript: RedisScript = defineScript(
  "browse-held",
  `
local base, page = KEYS[1], {}
local members = redis.call('ZRANGE', base .. ':' .. ARGV[1], ARGV[2], ARGV[3], 'WITHSCORES')
for index = 1, #members, 2 do
  page[index] = members[index]
  if ARGV[1] == 'x' then page[index] = redis.call('HGET', base .. ':h', members[index]) end
  page[index + 1] = members[index + 1]
end
return page
`,
  { allowFull: true },
);

/**
 * Removes waiting messages that were seen. KEYS: base, bases of those they are published to, Kombu's lists of these. ARGV: for each the item, where it is (`d` delayed; `k` and `n` in Kombu's lists, looked for from the right and from the left; `e` in a list of ours, from its end), how much of ARGV its messages take, these as
 * `publish` has them: they are published if it was still there; at the end the number of Kombu's lists. Gives how many were there, and the queues that had to be made.
 */
export const removeScript: RedisScript = defineScript(
  "remove",
  `${named}${now}${parts.wake}${parts.options}${ready}${parts.delay}${parts.publish}
local base, removed, options = KEYS[1], 0, nil

local function remove_kombu(item, count)
  options = options or options_of(base)
  if not options[4] then return false end
  local list = options[4] .. kombu_steps[math.floor(tonumber(string.sub(item, 1, 1)) / 3) + 1]
  return redis.call('LREM', list, count, string.sub(item, 13)) == 1
end

local function remove_from(priority, key, item, count)
  local list = base .. ':l' .. priority .. ':' .. key
  local is_there = redis.call('LREM', list, count, item) == 1
  if is_there and redis.call('EXISTS', list) == 0 then redis.call('LREM', base .. ':r' .. priority, 1, key) end
  return is_there
end

local function remove_ready(item, count)
  options = options or options_of(base)
  if (string.byte(item, 3) or 0) >= 50 and redis.call('LREM', base .. ':s', count, item) == 1 then return true end
  local own_priority, own_key = string.match(item, '^%d') or '0', string.sub(item, 13, 12 + (string.byte(item, 4) or 0))
  local priority = options[2] == '0' and '0' or own_priority
  local key = options[1] == '0' and '' or own_key
  if remove_from(priority, key, item, count) then return true end
  -- What was sent before the queue was declared otherwise stands where it belonged then.
  for _, other in ipairs({'0', own_priority}) do
    for _, other_key in ipairs({'', own_key}) do
      if (other ~= priority or other_key ~= key) and remove_from(other, other_key, item, count) then return true end
    end
  end
  return false
end

local at = 1
while at <= #ARGV do
  local item, place, length = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local is_there
  if place == 'd' then is_there = redis.call('ZREM', base .. ':d', item) == 1
  elseif place == 'k' or place == 'n' then is_there = remove_kombu(item, place == 'k' and -1 or 1)
  else is_there = remove_ready(item, place == 'e' and -1 or 1) end
  if is_there then
    removed = removed + 1
    publish(at + 3, at + 2 + length)
  end
  at = at + 3 + length
end
wake_filled()
return {removed, made}
`,
  { allowFull: true },
);
