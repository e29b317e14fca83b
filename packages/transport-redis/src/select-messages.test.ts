import { ArgumentWriter, type RedisConnection, type RedisScript } from "@lovage/client-redis";
import { expect, test } from "vitest";

import { addItem, writeStamp } from "./item.ts";
import { Keys } from "./keys.ts";
import { forSelected } from "./select-messages.ts";
import type { Server } from "./server.ts";

/** What stands in Redis of a message with this id. */
function itemOf(messageId: string): Buffer {
  const properties = { messageId, contentType: "text/plain", contentEncoding: "utf-8" };
  const args = new ArgumentWriter();
  addItem(args, { headers: {}, properties, body: new Uint8Array() }, writeStamp(0));
  const { written } = args;
  return Buffer.from(written.subarray(written.indexOf("\r\n") + 2, -2));
}

async function flowsOf(_: unknown, [ring]: readonly string[]): Promise<unknown> {
  return ring?.endsWith(":r0") === true ? [Buffer.from("")] : [];
}

/** A server with so many ready messages of one flow, which are named by their place. */
function serverWith(count: number): Server {
  const run = async (
    { name }: RedisScript,
    _: unknown,
    args: readonly (number | string | Buffer)[],
  ): Promise<unknown> => {
    if (name !== "seek") return [];
    const [limit, passed] = args.slice(0, 2).map(Number);
    if (limit === undefined || passed === undefined || String(args.at(-1)) !== "l0:") return [[], args.length - 2, 0];
    const end = Math.min(count, passed + limit);
    const items = Array.from({ length: end - passed }, (_each, index) => itemOf(String(count - 1 - passed - index)));
    return end === count ? [items, args.length - 2, 0] : [items, args.length - 3, end];
  };
  const connection = { run, call: flowsOf } as unknown as RedisConnection;
  return { keys: new Keys("lovage"), connection: () => connection } as unknown as Server;
}

test("the further behind the messages are that are looked for, the fewer are taken away in one step", async () => {
  const count = 40_000;
  const messageIds = [...Array(400).keys(), ...Array.from({ length: 400 }, (_, index) => count - 1 - index)].map(
    String,
  );
  const sizes: number[] = [];
  const found = new Set<string>();
  const selected = { queue: "q", selection: { messageIds } };
  const done = await forSelected(serverWith(count), selected, async (messages) => {
    sizes.push(messages.length);
    for (const { message } of messages) found.add(message.properties.messageId);
    return messages.length;
  });
  expect(done).toBe(800);
  expect(found).toEqual(new Set(messageIds));
  expect(sizes[0]).toBeGreaterThan(190);
  expect(Math.max(...sizes.slice(-9))).toBeLessThanOrEqual(41);
});
