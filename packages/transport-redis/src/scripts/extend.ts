import { defineScript, type RedisScript } from "@lovage/client-redis";

import { parts } from "./parts.ts";

/** KEYS: the leases of the queue. ARGV: length of the lease, tokens. Gives the places of those that are lost. Leases hold while the slot of their queue moves, however long that takes. */
export const extendScript: RedisScript = defineScript(
  "extend",
  `${parts.now}${parts.lost}
local held, lost = split(KEYS[1], 2, #ARGV)
if #held > 0 then
  local until_ms = string.format('%.0f', now_ms() + tonumber(ARGV[1]))
  local ends = {}
  for index, token in ipairs(held) do ends[2 * index - 1], ends[2 * index] = until_ms, token end
  redis.call('ZADD', KEYS[1], unpack(ends))
end
return lost
`,
  { allowFull: true, ofOneKey: true },
);

/** KEYS: base. ARGV: tokens. Gives the places of those that are lost. */
export const heldScript: RedisScript = defineScript(
  "held",
  `${parts.lost}
local _, lost = split(KEYS[1] .. ':x', 1, #ARGV)
return lost
`,
  { allowFull: true },
);
