import { defineScript, RedisConnection, redisTarget, type RedisScript } from "@lovage/client-redis";
import { silentLog, systemClock } from "@lovage/foundation";

/** Moves every instant in the database back, which is to those who look as if time had passed. ARGV: ms. */
export const ageLua = `
local ms = tonumber(ARGV[1])
for _, key in ipairs(redis.call('KEYS', '*')) do
  local ends = redis.call('PTTL', key)
  if ends >= 0 and ends <= ms then
    redis.call('DEL', key)
  else
    local kind = redis.call('TYPE', key).ok
    if kind == 'string' and string.find(key, ':bucket:', 1, true) then
      redis.call('SET', key, string.format('%.6f', redis.call('GET', key) - ms))
    elseif kind == 'zset' and (string.find(key, ':until$') or string.find(key, ':w$') or string.find(key, '}$')) then
      for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ms, member) end
    end
    if ends >= 0 then redis.call('PEXPIRE', key, ends - ms) end
  end
end
return 1
`;

/** How long to wait afterwards: fences begin at the server's time, which has not moved with the records. */
export const afterAgeMs = 2;

const ageScript: RedisScript = defineScript("age", ageLua);

/** Lets time pass for the records of the Redis backend in one database, without waiting. */
export async function ageRedis(url: string, ms: number): Promise<void> {
  const opening = { target: redisTarget(url, {}), clock: systemClock, log: silentLog, name: "age", onLost: () => {} };
  const connection = await RedisConnection.open(opening);
  try {
    await connection.run(ageScript, [], [ms]);
    await systemClock.sleep(afterAgeMs);
  } finally {
    connection.close();
  }
}
