import { defineScript, type RedisScript } from "@lovage/client-redis";

/** KEYS: the join, size of Celery's chord. ARGV: size, ms to keep it. Members that were quicker have been counted already. */
export const openScript: RedisScript = defineScript(
  "join-open",
  `
if redis.call('HSETNX', KEYS[1], 'size', ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'ttl', ARGV[2])
redis.call('HSETNX', KEYS[1], 'n', 0)
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`,
);

/**
 * A member arrives when the memory is full, too, since its message goes only then; a new join is refused there as a new message is.
 *
 * KEYS: the join, Celery's size, members and added. ARGV: member, place, payload, `1` where the payload is one that Celery's workers read. Gives known,
 * arrived, size, completes.
 *
 * The size in Celery's key says whether the chord is open: whoever goes on with it removes that one. Celery writes it only just before it sends the last
 * member, so that one which was quicker is noted all the same. Members that Celery's workers have brought are those in its set which we have not put there. One that
 * ran in both languages stands there twice, so that before the last is said to have come they are counted by their ids.
 */
export const arriveScript: RedisScript = defineScript(
  "join-arrive",
  `
local join, member = KEYS[1], 'm:' .. ARGV[1]
local size = redis.call('GET', KEYS[2])
if not size and ARGV[4] ~= '1' then return {0, 0, 0, 0} end
local found = redis.call('HMGET', join, 'ttl', 'n', 'by', 'z')
local own, by, in_set = tonumber(found[2] or 0), found[3], tonumber(found[4] or 0)

local function keep()
  local left = redis.call('PTTL', KEYS[2])
  local ttl = found[1] or left > 0 and left or 86400000
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ttl) end
end

local is_new = redis.call('HSETNX', join, member, ARGV[2] .. ' ' .. (ARGV[4] == '1' and '' or ARGV[3])) == 1
if is_new then
  own = redis.call('HINCRBY', join, 'n', 1)
  if ARGV[4] == '1' and redis.call('ZADD', KEYS[3], ARGV[2], ARGV[3]) == 1 then in_set = redis.call('HINCRBY', join, 'z', 1) end
  keep()
end
if not size then return {0, 0, 0, 0} end
size = tonumber(size) + tonumber(redis.call('GET', KEYS[4]) or 0)
local foreign = redis.call('ZCARD', KEYS[3]) - in_set

local function id_of(payload)
  local id = string.match(payload, '^%[%s*1%s*,%s*"([^"\\\\]*)"')
  if id then return id end
  local is_json, parts = pcall(cjson.decode, payload)
  return is_json and type(parts) == 'table' and parts[2] or payload
end
local function count_foreign()
  local seen, count = {}, 0
  for _, payload in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
    local id = id_of(payload)
    if not seen[id] and redis.call('HEXISTS', join, 'm:' .. tostring(id)) == 0 then count = count + 1 end
    seen[id] = true
  end
  return count
end

if foreign > 0 and own + foreign >= size then foreign = count_foreign() end
local arrived = own + foreign
if is_new and not by and arrived >= size then
  by = ARGV[1]
  redis.call('HSET', join, 'by', by)
end
return {1, arrived, size, by == ARGV[1] and 1 or 0}
`,
  { allowFull: true },
);
