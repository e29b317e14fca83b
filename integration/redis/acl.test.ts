import { backend } from "@lovage/backend-redis";
import { redisTransport, transport } from "@lovage/transport-redis";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { ageRedis } from "../drivers/redis/age-redis.ts";
import { envelope } from "../drivers/redis/kombu-bench.ts";
import { databaseUrl } from "../drivers/redis/database-url.ts";
import { testDriver } from "../drivers/test-driver.ts";
import { describeOwnServer, type StartServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";
import { Certificates } from "../network/certificates.ts";
import { documentedUser, urlAs } from "./documented-user.ts";
import { redisCli } from "./redis-cli.ts";
import { startTlsServer } from "./tls-server.ts";

// Both contracts hold over TLS for the user of the documentation, and every command that this user may send is needed.
describeOwnServer(
  "redis",
  (start) => {
    let certificates: Certificates;
    let ca = "";
    let url = "";
    let server: OwnServer;
    let rules: readonly string[];
    beforeAll(async () => {
      certificates = await Certificates.make();
      ca = await certificates.read("ca.crt");
      rules = await documentedUser();
    });
    afterAll(() => certificates[Symbol.dispose]());

    const startGuarded: StartServer = async () => {
      const settings = ["--databases", "5000", "--user", ...rules];
      const tls = await startTlsServer(start, { certificates, settings });
      server = tls.server;
      url = urlAs(rules, tls.url);
      return server;
    };
    testDriver({
      name: "redis (TLS and ACL)",
      start: startGuarded,
      transport: {
        driver: transport,
        place: (_, number) => ({
          url,
          options: { prefix: `lovage:${number}`, tls: { ca }, lease: 1_000, sweep: 100, celeryProducers: false },
        }),
      },
      backend: {
        driver: backend,
        place: (_, number) => ({
          url: databaseUrl(url, number),
          options: { tls: { ca } },
          age: (ms) => ageRedis(databaseUrl(server.url, number), ms),
        }),
        model: { toleranceMs: 250 },
      },
    });

    test("each command that the user may send was sent", async () => {
      const stats = await redisCli(server, "info", "commandstats");
      const sent = new Set([...stats.matchAll(/^cmdstat_(\S+?):calls=[1-9]/gmu)].map(([, name]) => name));
      // Sent in a cluster, and to a server that replicates.
      const elsewhere = ["cluster|slots", "asking", "wait"];
      const allowed = rules.filter((rule) => rule.startsWith("+")).map((rule) => rule.slice(1));
      expect(allowed.filter((name) => !sent.has(name) && !elsewhere.includes(name))).toEqual([]);
      const log = (await redisCli(server, "acl", "log")).split("\n");
      expect(log.filter((line) => line.includes("lovage"))).toEqual([]);
    });

    test("the user for queues that are shared with Celery may do what these need, and is told of what Python sends", async () => {
      const celeryRules = await documentedUser({ withCelery: true });
      await using shared = await start({ settings: ["--user", ...celeryRules] });
      const connection = await redisTransport({ url: urlAs(celeryRules, shared.url) });
      onTestFinished(() => connection.close());
      await connection.declare({ queues: [{ name: "default" }, { name: "celery", consumers: "mixed" }] });
      for (const queue of ["default", "celery"]) {
        const arrived: unknown[] = [];
        await connection.consume({
          queue,
          prefetch: 10,
          onDelivery: (delivery) => {
            const { headers } = delivery.message;
            const ended = delivery.redelivered ? delivery.ack() : delivery.release({ delayMs: 0 });
            void ended.then(() => arrived.push([headers["id"], delivery.redelivered]));
          },
        });
        await redisCli(shared, "lpush", queue, envelope("a"));
        await expect.poll(() => arrived, { timeout: 20_000 }).toContainEqual(["a", true]);
        await connection.admin.browse(queue);
        await connection.admin.purge(queue);
      }
      expect((await redisCli(shared, "acl", "log")).trim()).toBe("");
      expect(await redisCli(shared, "info", "commandstats")).toMatch(/cmdstat_client\|tracking:calls=[1-9]/u);
    });
  },
  ["private"],
);
