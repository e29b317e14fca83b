import type { RedisConnection } from "@lovage/client-redis";
import { expect, test } from "vitest";

import { bindForKombu } from "./kombu-bindings.ts";
import { Keys } from "./keys.ts";
import { KombuKeys } from "./kombu-keys.ts";
import { QueueReaders } from "./queue-readers.ts";
import type { Server } from "./server.ts";

/** What stands in Kombu's set of a topic exchange once a queue is bound to it with this key. */
async function patternOf(routingKey: string): Promise<string | undefined> {
  const entered: string[] = [];
  const keys = new Keys("lovage");
  const readers = new QueueReaders(keys, { hasProducers: true });
  readers.note("q", "mixed");
  const connection = {
    run: async (_script: unknown, _keys: unknown, names: readonly string[]) => entered.push(...names),
  };
  const server = {
    keys,
    kombu: new KombuKeys(""),
    readers,
    connection: () => connection as unknown as RedisConnection,
  } as unknown as Server;
  await bindForKombu(server, "topic", [{ exchange: "media", queue: "q", routingKey }]);
  const [key, pattern, queue] = entered[0]?.split("\u0006\u0016") ?? [];
  expect([key, queue, entered.length]).toEqual([routingKey, "q", 1]);
  return pattern;
}

// The first two are captured; the others are what Kombu makes of such a key, so that a binding of both stands in the set once.
test.each([
  ["media.*", "^media\\..*?[^\\.]$"],
  ["media.video.#", "^media\\.video\\..*?$"],
  ["low_prio.é-1@x.#", "^low\\_prio\\.é\\-1\\@x\\..*?$"],
  ["a b.c+d", "^a\\ b\\.c\\+d$"],
])("a pattern is written as Kombu writes it: %s", async (routingKey, expected) => {
  expect(await patternOf(routingKey)).toBe(expected);
});

test("a star within a word is one, as on RabbitMQ; Python's would repeat what is before it", async () => {
  expect(await patternOf("a*.#b")).toBe("^a\\*\\.#b$");
});
