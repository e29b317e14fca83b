import { kombu } from "./kombu.ts";

type Part =
  | "now"
  | "token"
  | "wake"
  | "named"
  | "options"
  | "ready"
  | "promote"
  | "delay"
  | "publish"
  | "restore"
  | "receipt"
  | "lost";

/**
 * Lua functions that several scripts begin with; each script takes those it needs, in this order. `base` is the queue's own key, from which its
 * other keys are made (see `keys.ts`); an item is a message with its head (see `item.ts`).
 */
export const parts: Readonly<Record<Part, string>> = {
  /** The server's clock, in ms. */
  now: `
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`,
  /** The token after the last one. Tokens begin at the present time, so that one of a queue that was deleted, or of a server that lost its last second, never fits a newer lease. */
  token: `
local function next_token(last, now) return math.max(tonumber(last or 0) + 1, now * 1024) end
`,
  /** Tells up to \`count\` sleepers of a queue. One that is gone has no receivers; in a cluster a receiver may be elsewhere, so all are told there. */
  wake: `
local function wake(base, count)
  while count > 0 do
    local channel = redis.call('SPOP', base .. ':w')
    if not channel then return end
    if redis.call('PUBLISH', channel, base) > 0 then count = count - 1 else redis.call('HDEL', base .. ':a', channel) end
  end
end
`,
  /**
   * The last argument says how many of the last keys are lists of Kombu's that the script may write into. The server has refused a user who has no right to
   * a key by its name, and here it refuses what is no list: of a script that is refused in its midst it takes nothing back.
   */
  named: `
for index = #KEYS - tonumber(table.remove(ARGV)) + 1, #KEYS do redis.call('LLEN', KEYS[index]) end
`,
  /** The options of a queue: fairness, priorities, who reads it, Kombu's list. One that somebody has deleted is made again, since a message is never lost for that, and marked: what it was declared with is not known here. */
  options: `
local made = {}
local function options_of(base)
  local found = redis.call('HMGET', base, 'f', 'p', 'c', 'k')
  if not found[1] then
    local is_dead = string.sub(base, -5) == '.dead'
    found = is_dead and {'0', '0'} or {'1', '1'}
    redis.call('HSET', base, 'f', found[1], 'p', found[2], 'm', '1')
    if not is_dead then redis.call('HSET', base .. '.dead', 'f', '0', 'p', '0') end
    made[#made + 1] = base
  end
  return found
end
`,
  /**
   * Makes one item ready, at the end of its flow or at its beginning. Suspects stand apart. Where Celery's workers read too, an envelope goes to
   * Kombu's list; a frame, from before that was so, is known by its first byte.
   */
  ready: `${kombu.lists}${kombu.required}${kombu.named}${kombu.put}
-- A hand may have put something there that has no head.
local function whole(item)
  if string.find(item, '^%d.[0-3].........') and #item >= 12 + string.byte(item, 4) then return item end
  return '0\\0000\\00000000000' .. item
end
local function make_ready(base, options, raw, command)
  local item = whole(raw)
  if string.byte(item, 3) >= 50 then return redis.call(command, base .. ':s', item) end
  if is_shared(options) and string.byte(item, 13 + string.byte(item, 4)) ~= 1 then return to_kombu(base, options, item, command) end
  local priority = options[2] == '0' and '0' or string.sub(item, 1, 1)
  local key = options[1] == '0' and '' or string.sub(item, 13, 12 + string.byte(item, 4))
  if redis.call(command, base .. ':l' .. priority .. ':' .. key, item) == 1 then
    redis.call(command, base .. ':r' .. priority, key)
  end
end
`,
  /** Makes ready what is due, a bounded number: the next claim goes on. */
  promote: `
local function promote(base, options, now, max)
  local due = redis.call('ZRANGE', base .. ':d', '-inf', now, 'BYSCORE', 'LIMIT', 0, max)
  if #due == 0 then return end
  if is_shared(options) then require_lists(options) end
  for _, member in ipairs(due) do make_ready(base, options, string.sub(member, 17), 'RPUSH') end
  redis.call('ZREMRANGEBYRANK', base .. ':d', 0, #due - 1)
end
`,
  /** Keeps an item until it is due. The number before it keeps apart what is alike, and in order what is due at once. */
  delay: `
local function delay(base, item, due)
  local member = string.format('%016.0f', redis.call('HINCRBY', base, 's', 1)) .. item
  redis.call('ZADD', base .. ':d', string.format('%.0f', due), member)
  return redis.call('ZRANGE', base .. ':d', 0, 0)[1] == member
end
`,
  /**
   * Publishes what ARGV says from \`at\` to \`last\`, group by group: base, priority, key, count, items. Delayed ones have \`r\` (from now) or \`a\` (an instant)
   * as priority, and milliseconds as key; envelopes for Kombu's lists have \`k\`, and the list as key. Notes in \`filled\` how many sleepers of which queue there is work for.
   */
  publish: `
local filled = {}
local function fill(base, count) filled[base] = (filled[base] or 0) + count end
local function publish_ready(base, options, at, last, priority, key)
  if options[2] == '0' then priority = '0' end
  if options[1] == '0' then key = '' end
  local list = base .. ':l' .. priority .. ':' .. key
  local length = 0
  for from = at, last, 2000 do length = redis.call('RPUSH', list, unpack(ARGV, from, math.min(last, from + 1999))) end
  if length == last - at + 1 then redis.call('RPUSH', base .. ':r' .. priority, key) end
  fill(base, last - at + 1)
end
local function publish_kombu(base, list, at, last)
  for from = at, last, 2000 do redis.call('LPUSH', list, unpack(ARGV, from, math.min(last, from + 1999))) end
  fill(base, last - at + 1)
end
local function publish_delayed(base, options, at, last, due)
  local now = now_ms()
  for index = at, last do
    if due(now) <= now then
      make_ready(base, options, ARGV[index], 'RPUSH')
      fill(base, 1)
    elseif delay(base, ARGV[index], due(now)) then
      fill(base, 1)
    end
  end
end
local function publish(at, last)
  local options = {}
  while at <= last do
    local base, priority, key, count = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
    options[base] = options[base] or options_of(base)
    at = at + 4
    local ms = tonumber(key)
    if priority == 'k' then
      publish_kombu(base, key, at, at + count - 1)
    elseif priority == 'r' then
      publish_delayed(base, options[base], at, at + count - 1, function(now) return now + ms end)
    elseif priority == 'a' then
      publish_delayed(base, options[base], at, at + count - 1, function() return ms end)
    else
      publish_ready(base, options[base], at, at + count - 1, priority, key)
    end
    at = at + count
  end
end
local function wake_filled()
  for base, count in pairs(filled) do wake(base, math.min(count, 16)) end
end
`,
  /** Puts items back to the beginning of their flows, the one that was taken last first. */
  restore: `
local function restore(base, options, items)
  table.sort(items, function(one, other) return one[1] > other[1] end)
  for _, item in ipairs(items) do make_ready(base, options, item[2], 'LPUSH') end
end
`,
  /** Keeps the number of a settling call for those who did not hear its answer. KEYS: base. ARGV: owner, number. */
  receipt: `
redis.call('SET', KEYS[1] .. ':t:' .. ARGV[1], ARGV[2], 'PX', 120000)
`,
  /** Which of the tokens, from \`at\` to \`last\` in ARGV, hold a lease no more. */
  lost: `
local function split(leases, at, last)
  local scores = redis.call('ZMSCORE', leases, unpack(ARGV, at, last))
  local held, lost = {}, {}
  for index, score in ipairs(scores) do
    if score then held[#held + 1] = ARGV[at + index - 1] else lost[#lost + 1] = index - 1 end
  end
  return held, lost
end
`,
};
