import type { RedisConnection } from "@lovage/client-redis";
import { expect, test } from "vitest";

import { Keys } from "./keys.ts";
import { QueueReaders } from "./queue-readers.ts";

test.each([
  [false, "celery", 2],
  [true, "lovage", 0],
])("who reads a queue is asked where Celery's workers may; in a cluster: %j", async (isCluster, reader, asked) => {
  const calls: unknown[] = [];
  const connection = {
    call: async (...call: unknown[]) => {
      calls.push(call);
      return Buffer.from("celery");
    },
  } as unknown as RedisConnection;
  const readers = new QueueReaders(new Keys("lovage"), { hasProducers: true, isCluster });
  await readers.learn(connection, ["q"]);
  await readers.relearn(connection);
  expect([readers.of("q"), readers.mayHoldEnvelopes("q"), calls.length]).toEqual([reader, !isCluster, asked]);
});
