import { defineScript, type RedisScript } from "@lovage/client-redis";

import { kombu } from "./kombu.ts";

/**
 * Ready messages of some lists, each from the end at which messages are added to the one at which they are taken: what is taken or added meanwhile moves none of
 * them to a place that was passed already. KEYS: base. ARGV: how many, how many of the first list were passed, lists of our own by what follows `base:`, or the
 * steps of Kombu's, 1 to 4. Gives items, and how many lists and how many messages of the next one were passed.
 */
export const seekScript: RedisScript = defineScript(
  "seek",
  `${kombu.lists}
local base, left, offset, items = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), {}
local options = redis.call('HMGET', base, 'f', 'p', 'c', 'k')

local function kombu_page(step)
  local list = options[4] and options[4] .. kombu_steps[step]
  if not list or not holds_messages(options, list) then return {} end
  local page = redis.call('LRANGE', list, offset, offset + left - 1)
  for index, envelope in ipairs(page) do page[index] = kombu_digits[step] .. '\\0000\\00000000000' .. envelope end
  return page
end

for index = 3, #ARGV do
  local step = tonumber(ARGV[index])
  local page = step and kombu_page(step) or redis.call('LRANGE', base .. ':' .. ARGV[index], -(offset + left), -(offset + 1))
  for _, item in ipairs(page) do items[#items + 1] = item end
  left = left - #page
  if left == 0 then return {items, index - 3, offset + #page} end
  offset = 0
end
return {items, #ARGV - 2, 0}
`,
  { allowFull: true },
);
