import { chord, chain, createApp, group } from "lovage";
import { silentLog } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { RedisCluster } from "../services/redis/redis-cluster.ts";
import { seedsOf } from "./cluster-url.ts";

describeOwnServer(
  "redis",
  () => {
    test("tasks, chains and chords run over queues in several slots, and their results are told", async () => {
      await using cluster = await RedisCluster.start();
      const url = `${seedsOf(cluster)}?cluster=true`;
      const routes = { "cluster.add": "adding", "cluster.total": "counting", "cluster.slow": "waiting" };
      const app = createApp({ name: "cluster", broker: url, backend: url, routes, log: silentLog });
      onTestFinished(() => app.close());
      const add = app.task("cluster.add", (x: number, y: number) => x + y);
      const total = app.task("cluster.total", (numbers: readonly number[]) =>
        numbers.reduce((sum, one) => sum + one, 0),
      );
      const slow = app.task("cluster.slow", (x: number) => x);
      const worker = app.worker({ queues: ["adding", "counting", "waiting"] });
      await worker.start();
      onTestFinished(() => worker.stop());

      expect(await (await chain(add.s(1, 2), slow.s(), add.s(10)).delay()).get({ timeout: "30s" })).toBe(13);
      const members = Array.from({ length: 20 }, (_, index) => add.s(index, 1));
      expect(await (await chord(group(members), total.s()).delay()).get({ timeout: "30s" })).toBe(210);
      const later = await slow.applyAsync([7], { countdown: "300ms" });
      expect(await later.get({ timeout: "30s" })).toBe(7);
      const many = await add.applyMany(Array.from({ length: 500 }, (_, index): [number, number] => [index, 1]));
      expect(await Promise.all(many.map((one) => one.get({ timeout: "60s" })))).toEqual(
        many.map((_, index) => index + 1),
      );
    });
  },
  ["private"],
);
