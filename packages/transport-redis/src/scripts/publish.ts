import { defineScript, type RedisScript } from "@lovage/client-redis";

import { parts } from "./parts.ts";

const { now, wake, options, ready, delay, publish } = parts;

/** ARGV: groups of messages. Gives the queues that had to be made. */
export const publishScript: RedisScript = defineScript(
  "publish",
  `${now}${wake}${options}${ready}${delay}${publish}
publish(1, #ARGV)
wake_filled()
return made
`,
);
