import { RedisError, type RedisConnection, type RedisErrorKind } from "@lovage/client-redis";
import { expect, test } from "vitest";

import { Keys } from "./keys.ts";
import type { Server } from "./server.ts";
import { sweepQueues } from "./sweep.ts";

/** A server on which queues fail as their names say; of all others ten messages are taken back. */
function serverOf(): Server {
  const keys = new Keys("lovage");
  const run = async (_script: unknown, [base = ""]: readonly string[]): Promise<unknown> => {
    const queue = keys.queueOf(base);
    if (!queue.startsWith("q")) throw new RedisError(queue, { kind: queue as RedisErrorKind });
    return [10, 0, []];
  };
  return { keys, connection: () => ({ run }) as unknown as RedisConnection } as unknown as Server;
}

const sweep = (...queues: readonly string[]): ReturnType<typeof sweepQueues> =>
  sweepQueues(serverOf(), { queues, suspectAfter: 2, max: 10 });

test("what was taken back is told, though another queue is away", async () => {
  expect(await sweep("q1", "away", "q2", "moving")).toEqual({ recovered: 20, more: true });
});

test("what all queues fail with is told", async () => {
  await expect(sweep("away", "away")).rejects.toMatchObject({ kind: "away" });
  expect(await sweep()).toEqual({ recovered: 0, more: false });
});

test("what one queue is refused for good is told in any case", async () => {
  await expect(sweep("q1", "away", "denied")).rejects.toMatchObject({ kind: "denied" });
});
