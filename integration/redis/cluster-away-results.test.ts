import type { ResultPut } from "@lovage/backend";
import { redisBackend } from "@lovage/backend-redis";
import { systemClock } from "@lovage/foundation";
import type { Delivery, OutgoingMessage } from "@lovage/transport";
import { redisTransport } from "@lovage/transport-redis";
import { expect, onTestFinished, test } from "vitest";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { RedisCluster } from "../services/redis/redis-cluster.ts";
import type { OwnServer } from "../services/service.ts";
import { nodesFor, queueOn } from "./cluster-slots.ts";
import { seedsOf } from "./cluster-url.ts";

const awayMs = 5_000;
const hangMs = { timeout: 20_000 };

function messageOf(to: string, messageId: string): OutgoingMessage {
  const properties = { messageId, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers: {}, properties, body: Buffer.from("x") };
}

function putOf(taskId: string): ResultPut {
  const document = JSON.stringify({ status: "SUCCESS", result: null, task_id: taskId });
  return { taskId, state: "SUCCESS", document, fence: [0, 1], expiresInMs: 60_000 };
}

/** Its nodes serve on what is theirs while another one is away. */
function startCluster(): Promise<RedisCluster> {
  return RedisCluster.start({ settings: ["--cluster-require-full-coverage", "no"] });
}

/** Id of a task whose result a node keeps. */
async function taskOn(cluster: RedisCluster, node: OwnServer): Promise<string> {
  for (let index = 0; ; index += 1) {
    const [owner] = await nodesFor(cluster, `celery-task-meta-task-${index}`);
    if (owner === node) return `task-${index}`;
  }
}

describeOwnServer(
  "redis",
  () => {
    test("18: a next step for a node that is away holds up no other acknowledgement, and is taken once when it is back", async () => {
      await using cluster = await startCluster();
      const [gone, other] = await nodesFor(cluster, "lovage:{any}");
      const [waits, stays] = [await queueOn(cluster, gone), await queueOn(cluster, other)];
      const connection = await redisTransport({ url: seedsOf(cluster), cluster: true, lease: 20_000 });
      onTestFinished(() => connection.close());
      await connection.declare({ queues: [{ name: waits }, { name: stays }] });
      const acked: string[] = [];
      const onDelivery = (delivery: Delivery): void => {
        const { messageId } = delivery.message.properties;
        const next = messageId.startsWith("step") ? [messageOf(waits, `after ${messageId}`)] : [];
        void delivery.ack(next).then(
          () => acked.push(messageId),
          () => acked.push("lost"),
        );
      };
      await connection.consume({ queue: stays, prefetch: 4, onDelivery });
      await gone.kill();
      await connection.publish([messageOf(stays, "step 1"), messageOf(stays, "step 2")], { timeoutMs: 60_000 });
      const untilMs = systemClock.monotonic() + awayMs;
      let count = 0;
      for (; systemClock.monotonic() < untilMs; count += 1) {
        await connection.publish([messageOf(stays, String(count))]);
        await expect.poll(() => acked.includes(String(count)), hangMs).toBe(true);
      }
      expect([acked.length, connection.isRepeating]).toEqual([count, true]);
      await gone.start();
      await expect.poll(() => acked.length, hangMs).toBe(count + 2);
      const taken: string[] = [];
      await connection.declare({ queues: [{ name: waits }] });
      await connection.consume({
        queue: waits,
        prefetch: 10,
        onDelivery: (delivery) => {
          taken.push(delivery.message.properties.messageId);
          void delivery.ack();
        },
      });
      await expect.poll(() => taken.toSorted(), hangMs).toEqual(["after step 1", "after step 2"]);
    });

    test("18: results of the other nodes are written, read and told while a node is away, and its own once it is back", async () => {
      await using cluster = await startCluster();
      const [gone, other] = await nodesFor(cluster, "celery-task-meta-any");
      const [waits, stays] = [await taskOn(cluster, gone), await taskOn(cluster, other)];
      const backend = await redisBackend({ url: seedsOf(cluster), cluster: true });
      onTestFinished(() => backend.close());
      const { results } = backend;
      if (results === undefined) throw new Error("It keeps results.");
      const told: string[] = [];
      const watch = await results.watch([waits, stays], ({ taskId }) => void told.push(taskId));
      await gone.kill();
      const put = (...taskIds: readonly string[]): Promise<unknown> =>
        results.put(taskIds.map(putOf)).catch((error: unknown) => error);
      await expect.poll(() => put(waits, stays), hangMs).toMatchObject({ outcomes: [undefined, "stored"] });
      await expect.poll(() => told, hangMs).toContain(stays);
      expect(await results.get([stays])).toMatchObject([{ state: "SUCCESS" }]);
      const late = await results.watch([waits, stays], ({ taskId }) => void told.push(`late ${taskId}`));
      expect(told).toContain(`late ${stays}`);
      await gone.start();
      await expect.poll(() => put(waits), hangMs).toEqual(["stored"]);
      await expect.poll(() => told, hangMs).toEqual(expect.arrayContaining([waits, `late ${waits}`]));
      for (const each of [watch, late]) each.close();
    });
  },
  ["private"],
);
