import { defineScript, type RedisScript } from "@lovage/client-redis";

import { kombu } from "./kombu.ts";
import { parts } from "./parts.ts";

const { now, token, wake, ready, promote } = parts;

/**
 * KEYS: base. ARGV: how many, length of the lease, `1` for suspects, channel of the one who asks, most to make ready, `1` where
 * Kombu's lists may be looked at, the asker's own time or an empty text where nothing may be handed over.
 * A queue that is gone, or was made anew by a message, gives 3 alone: whoever claims from it is to declare it.
 * Gives: whether suspects wait, ms until the next is due (-1: none waits), the first token, items, what Kombu's lists of a queue of our own hold (1: what is no
 * message, 2: they may not be read). Tokens count up from the first.
 */
export const claimScript: RedisScript = defineScript(
  "claim",
  `${now}${token}${wake}${ready}${promote}${kombu.head}${kombu.take}${kombu.stamp}${kombu.import}
local base, max, is_suspects = KEYS[1], tonumber(ARGV[1]), ARGV[3] == '1'
local found = redis.call('HMGET', base, 'f', 'p', 'c', 'k', 'n', 'm')
if (not found[1] or found[6]) and not is_suspects then return {3} end
local now, finding = now_ms(), 0
if found[1] then promote(base, found, now, tonumber(ARGV[5])) end
if found[4] and ARGV[6] == '1' and not is_suspects and not is_shared(found) then finding = import(base, found, math.max(max, 100)) end

local rings = {}
for priority = 9, 0, -1 do rings[#rings + 1] = base .. ':r' .. priority end

local function take_flow(ring, key, share)
  local list = base .. ':l' .. string.sub(ring, -1) .. ':' .. key
  local items = redis.call('LPOP', list, share) or {}
  if #items == share and redis.call('EXISTS', list) == 1 then redis.call('RPUSH', ring, key) end
  return items
end

local function interleave(lists, items)
  local index, is_more = 1, true
  while is_more do
    is_more = false
    for _, list in ipairs(lists) do
      if list[index] then
        items[#items + 1] = list[index]
        is_more = true
      end
    end
    index = index + 1
  end
end

local function take_fairly()
  local items = {}
  while #items < max do
    local popped = redis.call('LMPOP', 10, rings[1], rings[2], rings[3], rings[4], rings[5], rings[6], rings[7], rings[8],
      rings[9], rings[10], 'LEFT', 'COUNT', math.min(64, max - #items))
    if not popped then break end
    local ring, keys = popped[1], popped[2]
    local share = math.floor((max - #items) / #keys)
    local lists = {}
    for index, key in ipairs(keys) do lists[index] = take_flow(ring, key, share) end
    if #items == 0 and #lists == 1 then items = lists[1] else interleave(lists, items) end
  end
  return items
end

local function lease(items)
  local first = next_token(found[5], now)
  local held, ends, until_ms = {}, {}, string.format('%.0f', now + tonumber(ARGV[2]))
  for index, item in ipairs(items) do
    local token = string.format('%.0f', first + index - 1)
    held[2 * index - 1], held[2 * index] = token, item
    ends[2 * index - 1], ends[2 * index] = until_ms, token
  end
  redis.call('HSET', base .. ':h', unpack(held))
  redis.call('ZADD', base .. ':x', unpack(ends))
  redis.call('HSET', base, 'n', string.format('%.0f', first + #items - 1))
  return string.format('%.0f', first)
end

local function is_more()
  if redis.call('EXISTS', unpack(rings)) > 0 then return true end
  if not is_shared(found) then return false end
  for _, step in ipairs(kombu_steps) do
    if redis.call('EXISTS', found[4] .. step) == 1 then return true end
  end
  return false
end

if is_shared(found) and not is_suspects then require_lists(found) end
local items
if is_suspects then items = redis.call('LPOP', base .. ':s', max) or {} else items = take_fairly() end
if is_shared(found) and not is_suspects then take_kombu(base, found, items, max) end
local suspects_wait = not is_suspects and redis.call('EXISTS', base .. ':s') or 0
if #items > 0 then
  local token = lease(items)
  -- What this one could not carry is work for the next sleeper.
  if #items == max and redis.call('EXISTS', base .. ':w') == 1 and is_more() then wake(base, 1) end
  return {suspects_wait, -1, token, items, finding}
end
if not is_suspects then
  redis.call('SADD', base .. ':w', ARGV[4])
  redis.call('PEXPIRE', base .. ':w', 60000)
  if ARGV[7] ~= '' then
    local armed = string.format('%.0f', now) .. ' ' .. ARGV[2] .. ' ' .. ARGV[7]
    -- Not prolonged each time: without it a sleeper is woken, and it is there again with the next look.
    if redis.call('HSET', base .. ':a', ARGV[4], armed) == 1 then redis.call('PEXPIRE', base .. ':a', 60000) end
  end
end
local earliest = redis.call('ZRANGE', base .. ':d', 0, 0, 'WITHSCORES')
return {suspects_wait, earliest[2] and math.max(0, tonumber(earliest[2]) - now) or -1, '0', {}, finding}
`,
  { allowFull: true },
);
