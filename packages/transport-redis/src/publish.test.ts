import type { RedisConnection } from "@lovage/client-redis";
import { RedisError } from "@lovage/client-redis";
import type { RoutedMessage } from "@lovage/lease-engine";
import { expect, test } from "vitest";

import { Keys } from "./keys.ts";
import { publishMessages } from "./publish.ts";
import { QueueReaders } from "./queue-readers.ts";
import type { Server } from "./server.ts";

test.each(["unavailable", "full"] as const)(
  "what was published is not refused because the list of queues is %s",
  async (kind) => {
    const keys = new Keys("lovage");
    const connection = {
      run: async () => [Buffer.from(keys.base("q"))],
      call: async () => {
        throw new RedisError("no", { kind });
      },
    };
    const server = {
      keys,
      readers: new QueueReaders(keys, { hasProducers: true }),
      isCluster: false,
      nowMs: () => 0,
      connection: () => connection as unknown as RedisConnection,
    } as unknown as Server;
    const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8" };
    const message: RoutedMessage = { to: "q", headers: {}, properties, body: new Uint8Array() };
    await expect(publishMessages(server, [message])).resolves.toBeUndefined();
  },
);
