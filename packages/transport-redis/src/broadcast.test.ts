import type { RedisConnection } from "@lovage/client-redis";
import { silentLog } from "@lovage/foundation";
import { expect, test } from "vitest";

import { RedisBroadcast } from "./broadcast.ts";

test("a subscription that is closed while the connection comes back stays closed", async () => {
  const open = new Set<number>();
  const answers: (() => void)[] = [];
  let count = 0;
  const subscribe = async (): Promise<{ close: () => void }> => {
    count += 1;
    const mine = count;
    await new Promise<void>((resolve) => answers.push(resolve));
    open.add(mine);
    return { close: () => open.delete(mine) };
  };
  const connection = { subscribe } as unknown as RedisConnection;
  const broadcast = new RedisBroadcast({ connection: () => connection, log: silentLog, nameOf: (channel) => channel });
  const subscribed = broadcast.subscribe("c", () => {});
  answers.shift()?.();
  const subscription = await subscribed;
  const resumed = broadcast.resume();
  await subscription.close();
  answers.shift()?.();
  await resumed;
  expect([count, ...open]).toEqual([2]);
});
