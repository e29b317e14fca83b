import { defineScript, type RedisScript } from "@lovage/client-redis";

import { nextNumber } from "./numbers.ts";

/*
 * All of them run when the memory is full, too: a task is acknowledged only once its result is there, and that frees memory. There are
 * no more results than messages that were accepted.
 */

/** What a script needs to know of a record: its state and its fence. A document in Celery's form tells its state itself, whoever wrote it. */
const record = `
local function record_of(document, beside)
  local state, attempt, delivery = string.match(beside or '', '^(%S*) (%S*) (%S*)$')
  return string.match(document, '^{"status": ?"([^"]*)"') or state or '', tonumber(attempt), tonumber(delivery)
end
`;

/** Notes a revoked task. It is kept as long as its result. Whoever has read numbers that the server has lost, as after a failover, misses nothing that comes later. */
const revoke = `${nextNumber}
local function revoke(revoked, id, ttl)
  if redis.call('ZSCORE', revoked .. ':order', id) then redis.call('ZADD', revoked .. ':until', now + ttl, id) return end
  local number = next_number(redis.call('GET', revoked .. ':count'))
  redis.call('SET', revoked .. ':count', number)
  redis.call('ZADD', revoked .. ':order', number, id)
  redis.call('ZADD', revoked .. ':until', now + ttl, id)
end
`;

/** KEYS: base of the revocations. ARGV: task id, ms to keep it. */
export const revokeScript: RedisScript = defineScript(
  "revoke",
  `${revoke}
revoke(KEYS[1], ARGV[1], tonumber(ARGV[2]))
return 1
`,
  { allowFull: true },
);

/**
 * KEYS: document and fence of each task, then the base of the revocations. ARGV: how many tasks, `1` where the script notes revocations; for each task
 * id, state, document, attempt, delivery, ms to keep it. Gives an outcome for each: 0 stored, 1 stale, 2 final.
 */
export const putScript: RedisScript = defineScript(
  "put",
  `${record}${revoke}
local count, notes = tonumber(ARGV[1]), ARGV[2] == '1'

local function is_older(attempt, delivery, old_attempt, old_delivery)
  if not attempt or not old_attempt then return false end
  return attempt < old_attempt or attempt == old_attempt and delivery < old_delivery
end

local function refusal(at, there, beside, written)
  local state, old_attempt, old_delivery = record_of(there, beside)
  if state == 'SUCCESS' or state == 'REVOKED' then
    if there == ARGV[at + 2] and beside == written then return end
    return 2
  end
  if is_older(tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), old_attempt, old_delivery) then return 1 end
end

local function put(document_key, fence_key, at)
  local written = ARGV[at + 1] .. ' ' .. ARGV[at + 3] .. ' ' .. ARGV[at + 4]
  local there = redis.call('GET', document_key)
  local refused = there and refusal(at, there, redis.call('GET', fence_key) or '', written)
  if refused then return refused end
  redis.call('SET', document_key, ARGV[at + 2], 'PX', ARGV[at + 5])
  redis.call('SET', fence_key, written, 'PX', ARGV[at + 5])
  redis.call('PUBLISH', document_key, ARGV[at + 2])
  if notes and ARGV[at + 1] == 'REVOKED' then revoke(KEYS[2 * count + 1], ARGV[at], tonumber(ARGV[at + 5])) end
  return 0
end

local outcomes = {}
for index = 1, count do outcomes[index] = put(KEYS[2 * index - 1], KEYS[2 * index], 6 * index - 3) end
return outcomes
`,
  { allowFull: true },
);

/** KEYS: base of the revocations. ARGV: cursor, how many. Gives ids and their places in turn. */
export const revocationsScript: RedisScript = defineScript(
  "revocations",
  `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local gone = redis.call('ZRANGE', KEYS[1] .. ':until', '-inf', now, 'BYSCORE', 'LIMIT', 0, 1000)
if #gone > 0 then
  redis.call('ZREM', KEYS[1] .. ':until', unpack(gone))
  redis.call('ZREM', KEYS[1] .. ':order', unpack(gone))
end
local found = redis.call('ZRANGE', KEYS[1] .. ':order', '(' .. ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')
return {found, #gone}
`,
  { allowFull: true },
);
