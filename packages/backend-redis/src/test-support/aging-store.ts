import { defineScript, RedisConnection, redisTarget, type RedisScript } from "@lovage/client-redis";
import type { BackendHarness } from "@lovage/conformance";
import { silentLog, systemClock } from "@lovage/foundation";

import type { TestRedis } from "../../../client-redis/src/test-support/redis-server.ts";
import { redisBackend } from "../redis-backend.ts";

/** Moves every instant in the database back, which is to those who look as if time had passed. ARGV: ms. */
const ageScript: RedisScript = defineScript(
  "age",
  `
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
`,
);

/** A database of its own on a server for one case. Its time passes without waiting. */
export function agingStore(server: TestRedis, db: number): BackendHarness {
  const url = server.url.replace(/\d+$/, String(db));
  return {
    open: () => redisBackend({ url, name: "conformance" }),
    advance: async (ms) => {
      const opening = {
        target: redisTarget(url, {}),
        clock: systemClock,
        log: silentLog,
        name: "age",
        onLost: () => {},
      };
      const connection = await RedisConnection.open(opening);
      await connection.run(ageScript, [], [ms]);
      connection.close();
    },
    dispose: async () => {},
  };
}
