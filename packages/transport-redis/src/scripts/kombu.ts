/**
 * Lua functions for Kombu's lists. `options` is what `options_of` gives: fairness, priorities, who reads the queue, and the name of its first list of Kombu's.
 * An envelope is moved as it is and never written anew: Lua's JSON would turn `[]` into `{}` and round large numbers. In a lease it stands behind a head, as
 * any item.
 */
export const kombu = {
  /** Names of the lists, the most urgent first, and whether Celery's workers read a queue. */
  lists: `
local kombu_steps, kombu_digits = {'', '\\6\\0223', '\\6\\0226', '\\6\\0229'}, {'0', '3', '6', '9'}
local function is_shared(options) return options[4] and options[3] and options[3] ~= 'lovage' end
local function kombu_list(options, digit)
  if options[2] == '0' then digit = '0' end
  return options[4] .. kombu_steps[math.floor(tonumber(digit) / 3) + 1]
end
local function is_envelope(raw)
  return string.byte(raw) == 123 and string.find(raw, '"body"', 1, true) and string.find(raw, '"properties"', 1, true)
end
-- A key of that name may be anybody's, and a user whose ACL does not allow to look has no lists of Kombu's either.
local function holds_messages(options, list)
  local last = redis.pcall('LINDEX', list, -1)
  if type(last) ~= 'string' then return false, type(last) ~= 'boolean' end
  -- A stray among envelopes must not stop those behind it.
  local is_kombu = is_shared(options) or is_envelope(last) or is_envelope(redis.call('LINDEX', list, -2) or '')
    or is_envelope(redis.call('LINDEX', list, 0))
  return is_kombu and true or false, true
end
`,
  /**
   * Refuses a step before its first write: of one that is refused in its midst (the user's ACL, another's key of that name) Redis takes nothing back. To take no
   * message is refused as to take one.
   */
  required: `
local function require_lists(options)
  for _, step in ipairs(kombu_steps) do redis.call('RPOP', options[4] .. step, 0) end
end
`,
  /** What a message is called beside its envelope: by the tag that its publisher gave it. */
  named: `
local function name_of(envelope)
  return string.match(envelope, '"delivery_tag":%s*"([^"]+)"') or redis.sha1hex(envelope)
end
`,
  /** Gives an item back to Kombu's list; how often it was lost or given back is kept beside, as a score: second, losses, redelivered. */
  put: `
local function to_kombu(base, options, item, command)
  local envelope = string.sub(item, 13 + string.byte(item, 4))
  local losses, redelivered = string.byte(item, 2), string.byte(item, 3) % 2
  if losses + redelivered > 0 then
    local score = math.floor(now_ms() / 1000) * 512 + losses * 2 + redelivered
    redis.call('ZADD', base .. ':k', string.format('%.0f', score), name_of(envelope))
  end
  redis.call(command == 'RPUSH' and 'LPUSH' or 'RPUSH', kombu_list(options, string.sub(item, 1, 1)), envelope)
end
`,
  /** The head of an envelope that comes out of a list. */
  head: `
local function head_of(base, digit, envelope, is_counted)
  local losses, flags = 0, '0'
  if is_counted then
    local name = name_of(envelope)
    local score = redis.call('ZSCORE', base .. ':k', name)
    if score then
      losses, flags = math.floor(score % 512 / 2), tostring(score % 2)
      redis.call('ZREM', base .. ':k', name)
    end
  end
  return digit .. string.char(losses) .. flags .. '\\000' .. '00000000'
end
`,
  /** Takes messages out of the lists, the most urgent first, for a queue that Celery's workers read too. None of it may fail: what was taken would be lost. */
  take: `
local function take_kombu(base, options, items, max)
  local is_counted, lists, digits = redis.call('EXISTS', base .. ':k') == 1, {}, {}
  for index, step in ipairs(kombu_steps) do
    lists[index] = options[4] .. step
    digits[lists[index]] = kombu_digits[index]
  end
  while #items < max do
    local popped = redis.call('LMPOP', 4, lists[1], lists[2], lists[3], lists[4], 'RIGHT', 'COUNT', max - #items)
    if not popped then return end
    for _, envelope in ipairs(popped[2]) do
      items[#items + 1] = head_of(base, digits[popped[1]], envelope, is_counted) .. envelope
    end
  end
end
`,
  /**
   * Takes what Celery's producers have sent over into the lists of a queue that Lovage's workers read: at most \`max\` of each list, with whatever stands among it. A key
   * without messages is left alone. Gives 1 if there is such a key, 2 if the lists may not be read.
   */
  import: `
local function import_list(base, options, list, digit, max)
  local envelopes, items = redis.call('RPOP', list, max) or {}, {}
  for index, envelope in ipairs(envelopes) do
    items[index] = digit .. '\\0000\\000' .. stamp_now() .. envelope
  end
  local flow, length = base .. ':l' .. digit .. ':', 0
  for from = 1, #items, 2000 do length = redis.call('RPUSH', flow, unpack(items, from, math.min(#items, from + 1999))) end
  if length == #items then redis.call('RPUSH', base .. ':r' .. digit, '') end
end
local function import(base, options, max)
  local found = redis.pcall('EXISTS', options[4], options[4] .. kombu_steps[2], options[4] .. kombu_steps[3], options[4] .. kombu_steps[4])
  if type(found) ~= 'number' then return 2 end
  if found == 0 then return 0 end
  local finding = 0
  for index = 4, 1, -1 do
    local list = options[4] .. kombu_steps[index]
    local is_message, is_there = holds_messages(options, list)
    if is_message then import_list(base, options, list, options[2] == '0' and '0' or kombu_digits[index], max) end
    if is_there and not is_message then finding = 1 end
  end
  return finding
end
`,
  /** The stamp of an item that comes now: Unix ms in base 36, 8 characters. */
  stamp: `
local function stamp_now()
  local digits, left, text = '0123456789abcdefghijklmnopqrstuvwxyz', now_ms(), ''
  for _ = 1, 8 do
    local digit = left % 36
    text, left = string.sub(digits, digit + 1, digit + 1) .. text, math.floor(left / 36)
  end
  return text
end
`,
  /** How many messages wait in the lists. */
  count: `
local function count_kombu(options)
  local total = 0
  if not options[4] then return total end
  for _, step in ipairs(kombu_steps) do
    if holds_messages(options, options[4] .. step) then total = total + redis.call('LLEN', options[4] .. step) end
  end
  return total
end
`,
  /** Removes what waits in the lists; gives how many messages. */
  purge: `
local function purge_kombu(options)
  local removed = 0
  if not options[4] then return removed end
  for _, step in ipairs(kombu_steps) do
    if holds_messages(options, options[4] .. step) then
      removed = removed + redis.call('LLEN', options[4] .. step)
      redis.call('UNLINK', options[4] .. step)
    end
  end
  return removed
end
`,
} as const;
