import { systemClock } from "@lovage/foundation";
import type { Connection } from "@lovage/transport";
import { redisTransport } from "@lovage/transport-redis";
import { expect, onTestFinished, test } from "vitest";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { RedisCluster } from "../services/redis/redis-cluster.ts";
import { seedsOf } from "./cluster-url.ts";
import { nodesFor, queueOn } from "./cluster-slots.ts";
import { redisCli } from "./redis-cli.ts";

const partial = ["--cluster-require-full-coverage", "no"];
const hangMs = 20_000;
/** Long enough for a connection to be opened before a replica takes over. */
const slowVote = ["--cluster-node-timeout", "5000"];

async function connect(cluster: RedisCluster, onState: (state: string) => void = () => {}): Promise<Connection> {
  const connection = await redisTransport({ url: seedsOf(cluster), cluster: true, onState });
  onTestFinished(() => connection.close());
  return connection;
}

function publish(connection: Connection, to: string): Promise<void> {
  const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8" };
  return connection.publish([{ to, headers: {}, properties, body: Buffer.from("x") }], { timeoutMs: 60_000 });
}

describeOwnServer(
  "redis",
  () => {
    test("a program starts while the node with the list of queues is away, and its queues are in the list once it is back", async () => {
      await using cluster = await RedisCluster.start({ settings: partial });
      const [away, other] = await nodesFor(cluster, "lovage:queues");
      const queue = await queueOn(cluster, other);
      await away.pause();
      const connection = await connect(cluster);
      await connection.declare({ queues: [{ name: queue }] });
      await publish(connection, queue);
      await away.resume();
      await expect.poll(() => redisCli(away, "smembers", "lovage:queues"), { timeout: hangMs }).toContain(queue);
    });

    test("what a node has forgotten when it is back is entered again, though nothing is sent to it", async () => {
      await using cluster = await RedisCluster.start({ settings: partial });
      const [away, other] = await nodesFor(cluster, "lovage:queues");
      const queue = await queueOn(cluster, other);
      const states: string[] = [];
      const connection = await connect(cluster, (state) => states.push(state));
      await connection.declare({ queues: [{ name: queue }] });
      await redisCli(away, "del", "lovage:queues");
      await away.kill();
      // On the way back the queue is declared again, and the node found away.
      await expect.poll(() => states, { timeout: hangMs }).toEqual(["reconnecting", "open"]);
      await publish(connection, queue);
      await away.start();
      await expect.poll(() => redisCli(away, "smembers", "lovage:queues"), { timeout: hangMs }).toContain(queue);
    });

    test("a call for a silent node goes to the replica that takes over from it within a few seconds", async () => {
      await using cluster = await RedisCluster.start({ settings: slowVote, replicas: 1 });
      const [owner] = await nodesFor(cluster, "lovage:{q}");
      const before = await connect(cluster);
      await before.declare({ queues: [{ name: "q" }] });
      await before.close();
      const replicas = new Set(cluster.nodes);
      for (const node of cluster.nodes) {
        if ((await redisCli(node, "role")).startsWith("master")) replicas.delete(node);
      }
      await owner.pause();
      const connection = await connect(cluster);
      const declared = connection.declare({ queues: [{ name: "q" }] });
      await expect(declared).rejects.toMatchObject({ code: "TRANSPORT_BUSY" });
      const isPromoted = async (): Promise<boolean> => {
        const roles = await Promise.all([...replicas].map((node) => redisCli(node, "role")));
        return roles.some((role) => role.startsWith("master"));
      };
      await expect.poll(isPromoted, { timeout: hangMs }).toBe(true);
      const sinceMs = systemClock.monotonic();
      const declare = async (): Promise<boolean> => {
        const refusal = await connection.declare({ queues: [{ name: "q" }] }).catch((error: unknown) => error);
        return refusal === undefined;
      };
      await expect.poll(declare, { timeout: hangMs }).toBe(true);
      const foundMs = Math.round(systemClock.monotonic() - sinceMs);
      console.log(`The replica was found ${foundMs} ms after it had taken over.`);
      await publish(connection, "q");
    });
  },
  ["private"],
);
