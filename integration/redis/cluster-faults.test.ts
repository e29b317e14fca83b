import { redisBackend } from "@lovage/backend-redis";
import { systemClock } from "@lovage/foundation";
import type { Delivery } from "@lovage/transport";
import { redisTransport } from "@lovage/transport-redis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { RedisCluster } from "../services/redis/redis-cluster.ts";
import { seedsOf } from "./cluster-url.ts";
import { documentedUser, urlAs } from "./documented-user.ts";
import { moveSlot, nodesFor, queueOn } from "./cluster-slots.ts";
import { redisCli } from "./redis-cli.ts";
import { TransportLoad } from "./transport-load.ts";

const nothing = { lost: 0, doubledAfterAck: 0 };
/** How long the keys of a queue stay divided between two nodes: for longer than a lease, or than calls wait; and how long a node is away. */
const divisionMs = 4_500;
const longDivisionMs = 5_000;
const outageMs = 1_000;
/** A node that is silent is found by its missing heartbeat within ten seconds. */
const leaseMs = 20_000;
const silenceMs = 25_000;

describeOwnServer(
  "redis",
  (start) => {
    describe("a cluster of three primaries", () => {
      let cluster: RedisCluster;
      beforeAll(async () => {
        cluster = await RedisCluster.start();
      });
      afterAll(async () => await cluster[Symbol.asyncDispose]());

      test("a queue that moves to another node under load loses and doubles nothing", async () => {
        await using load = await TransportLoad.start({ url: seedsOf(cluster), cluster: true });
        await load.goesOn();
        // Half of the queue's keys are elsewhere: nothing may go on as if the rest were all.
        await moveSlot(cluster, `lovage:{${load.queue}}`, () => systemClock.sleep(divisionMs));
        await load.goesOn();
        const verdict = await load.finish();
        expect(verdict).toMatchObject({ ...nothing, redelivered: 0, refusals: {} });
        expect(verdict.accepted).toBeGreaterThan(100);
      });

      test("a queue that moves for longer than calls wait holds up no other queue, and goes on within a second", async () => {
        const states: string[] = [];
        const onState = (state: string): void => void states.push(state);
        const worker = await redisTransport({ url: seedsOf(cluster), cluster: true, lease: 3_000, onState });
        const producer = await redisTransport({ url: seedsOf(cluster), cluster: true });
        onTestFinished(async () => void (await Promise.all([worker.close(), producer.close()])));
        const queues = ["moves", "stays"] as const;
        for (const connection of [worker, producer]) {
          await connection.declare({ queues: queues.map((name) => ({ name })) });
        }
        const ended: Record<(typeof queues)[number], string[]> = { moves: [], stays: [] };
        for (const queue of queues) {
          const onDelivery = (delivery: Delivery): void =>
            void delivery.ack().then(() => ended[queue].push(delivery.message.properties.messageId));
          await worker.consume({ queue, prefetch: 10, onDelivery });
        }
        const publish = (to: string, messageId: string): Promise<void> => {
          const properties = { messageId, contentType: "text/plain", contentEncoding: "utf-8" };
          return producer.publish([{ to, headers: {}, properties, body: Buffer.from("x") }]);
        };
        await publish("moves", "a");
        await expect.poll(() => ended.moves).toEqual(["a"]);
        const key = "lovage:{moves}";
        await moveSlot(
          cluster,
          key,
          async () => {
            const untilMs = systemClock.monotonic() + longDivisionMs;
            for (let count = 1; systemClock.monotonic() < untilMs; count += 1) {
              await publish("stays", String(count));
              await expect.poll(() => ended.stays.length).toBe(count);
              await systemClock.sleep(100);
            }
          },
          { isFirst: true },
        );
        const wholeAtMs = systemClock.monotonic();
        await publish("moves", "b");
        await expect.poll(() => ended.moves, { timeout: 20_000 }).toEqual(["a", "b"]);
        console.log(`The queue went on ${Math.round(systemClock.monotonic() - wholeAtMs)} ms after it had moved.`);
        expect(states).toEqual([]);
      });

      test("19: with the memory of its nodes full, what it has is worked off, and the next steps in other slots are taken", async () => {
        await using load = await TransportLoad.start({ url: seedsOf(cluster), cluster: true });
        await load.goesOn();
        const limit = (bytes: string): Promise<unknown> =>
          Promise.all(cluster.nodes.map((node) => redisCli(node, "config", "set", "maxmemory", bytes)));
        await limit("1");
        await load.refuses("TRANSPORT_REJECTED", 50);
        await limit("0");
        await load.goesOn();
        expect(await load.finish()).toMatchObject({ ...nothing, redelivered: 0 });
      });

      test("18: a node that is killed and comes back interrupts, and loses nothing", async () => {
        await using load = await TransportLoad.start({ url: seedsOf(cluster), cluster: true });
        await load.goesOn();
        const [owner] = await nodesFor(cluster, `lovage:{${load.queue}}`);
        await owner.kill();
        await systemClock.sleep(outageMs);
        await owner.start();
        expect(await load.goesOn()).toBeLessThan(20_000);
        expect(await load.finish()).toMatchObject({ lost: 0 });
      });

      test("results, locks and revocations are kept while their slots move", async () => {
        const backend = await redisBackend({ url: `${seedsOf(cluster)}?cluster=true` });
        onTestFinished(() => backend.close());
        const document = JSON.stringify({ status: "REVOKED", result: null });
        const put = { taskId: "moving", state: "REVOKED", document, fence: null, expiresInMs: 60_000 };
        await backend.results?.put([put]);
        for (const key of ["celery-task-meta-moving", "lovage:{revoked}", "lovage:hold:{door}"]) {
          await moveSlot(cluster, key, () => Promise.resolve());
        }
        expect(await backend.results?.get(["moving"])).toMatchObject([{ state: "REVOKED" }]);
        expect((await backend.results?.revocations?.())?.taskIds).toContain("moving");
        expect(await backend.coordination?.acquire({ name: "door", holder: "me", leaseMs: 1_000 })).toMatchObject({
          granted: true,
        });
      });

      test("a queue of Celery's is refused, with what to use instead", async () => {
        const connection = await redisTransport({ url: seedsOf(cluster), cluster: true });
        onTestFinished(() => connection.close());
        for (const consumers of ["celery", "mixed"] as const) {
          await expect(connection.declare({ queues: [{ name: "q", consumers }] })).rejects.toMatchObject({
            code: "FEATURE_UNSUPPORTED",
            message: expect.stringContaining("without cluster") as string,
          });
        }
      });

      test("a server that is no cluster, and nodes that are all away, are told as such", async () => {
        await using alone = await start();
        await expect(redisTransport({ url: alone.url, cluster: true })).rejects.toMatchObject({
          code: "CONFIGURATION_INVALID",
          message: expect.stringContaining("not part of a cluster") as string,
        });
        const url = "redis://127.0.0.1:1,127.0.0.1:2";
        await expect(redisTransport({ url, cluster: true })).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
        await expect(redisBackend({ url, cluster: true })).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
      });

      test("one node is enough to find the others, and nodes that are away are passed over", async () => {
        const url = `redis://127.0.0.1:1,127.0.0.1:${cluster.nodes[2]?.port}/0?cluster=true`;
        const connection = await redisTransport({ url });
        onTestFinished(() => connection.close());
        await connection.declare({ queues: ["a", "b", "c", "d"].map((name) => ({ name })) });
        expect(connection.capabilities).toMatchObject({ atomicHandOver: false, atomicPublish: false });
      });
    });

    test("a queue that moves to another node is waited for by the user of the documentation as well", async () => {
      const rules = await documentedUser();
      await using cluster = await RedisCluster.start({ settings: ["--user", ...rules] });
      await using load = await TransportLoad.start({ url: urlAs(rules, seedsOf(cluster)), cluster: true });
      await load.goesOn();
      await moveSlot(cluster, `lovage:{${load.queue}}`, () => systemClock.sleep(divisionMs), { isFirst: true });
      await load.goesOn();
      expect(await load.finish()).toMatchObject({ ...nothing, redelivered: 0, refusals: {} });
    });

    test("30: a node that falls silent costs the queues of the others no lease, and its own go on when it is back", async () => {
      await using cluster = await RedisCluster.start({ settings: ["--cluster-require-full-coverage", "no"] });
      // The node that has the list of queues too, in which each stands that is declared.
      const [silent, other] = await nodesFor(cluster, "lovage:queues");
      const [stays, waits] = [await queueOn(cluster, other), await queueOn(cluster, silent)];
      const opening = { url: seedsOf(cluster), cluster: true, lease: leaseMs };
      const [worker, producer] = [await redisTransport(opening), await redisTransport(opening)];
      onTestFinished(async () => void (await Promise.all([worker.close(), producer.close()])));
      const handled: string[] = [];
      const held: Delivery[] = [];
      const onDelivery = (delivery: Delivery): void => {
        const { messageId } = delivery.message.properties;
        if (messageId === "held") held.push(delivery);
        else void delivery.ack().then(() => handled.push(messageId));
      };
      for (const queue of [stays, waits]) {
        for (const connection of [worker, producer]) await connection.declare({ queues: [{ name: queue }] });
        await worker.consume({ queue, prefetch: 10, onDelivery });
      }
      const publish = (to: string, messageId: string): Promise<void> => {
        const properties = { messageId, contentType: "text/plain", contentEncoding: "utf-8" };
        return producer.publish([{ to, headers: {}, properties, body: Buffer.from("x") }], { timeoutMs: 120_000 });
      };
      await publish(stays, "held");
      await expect.poll(() => held.length).toBe(1);
      await silent.pause();
      const untilMs = systemClock.monotonic() + silenceMs;
      // Written to a node that says nothing, nobody knows whether it has it; what comes after that waits.
      const doubtful = publish(waits, "doubtful").catch((error: unknown) => error);
      const late = doubtful.then(() => publish(waits, "late"));
      let longestMs = 0;
      for (let count = 1; systemClock.monotonic() < untilMs; count += 1) {
        const sinceMs = systemClock.monotonic();
        await publish(stays, String(count));
        await expect.poll(() => handled.includes(String(count)), { timeout: 60_000 }).toBe(true);
        longestMs = Math.max(longestMs, systemClock.monotonic() - sinceMs);
        await systemClock.sleep(100);
      }
      console.log(`The queue of another node stood still for ${Math.round(longestMs)} ms.`);
      expect(await doubtful).toMatchObject({ code: "PUBLISH_UNCERTAIN" });
      await silent.resume();
      await late;
      await expect.poll(() => handled.includes("late"), { timeout: 60_000 }).toBe(true);
      await held[0]?.ack();
      expect(held).toHaveLength(1);
    });

    test("18: a replica takes over from a primary under load: back within 10 s, and nothing is lost with wait=1", async () => {
      // Two each: the one that takes over needs another that has what it accepts.
      await using cluster = await RedisCluster.start({ replicas: 2 });
      await using load = await TransportLoad.start({ url: `${seedsOf(cluster)}?cluster=true&wait=1` });
      await load.goesOn();
      const [owner] = await nodesFor(cluster, `lovage:{${load.queue}}`);
      await owner.kill();
      const awayMs = await load.goesOn();
      console.log(`Work went on ${Math.round(awayMs)} ms after the primary was killed.`);
      expect(awayMs).toBeLessThan(50_000);
      // Comes back as a replica, and disturbs nobody.
      await owner.start();
      await load.goesOn();
      expect(await load.finish()).toMatchObject({ lost: 0 });
    });
  },
  ["private"],
);
