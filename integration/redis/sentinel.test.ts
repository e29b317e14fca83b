import { redisBackend } from "@lovage/backend-redis";
import { redisTransport } from "@lovage/transport-redis";
import { describe, expect, test } from "vitest";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { RedisSentinels } from "../services/redis/redis-sentinels.ts";
import { throughBoth } from "./through-both.ts";
import { TransportLoad } from "./transport-load.ts";

const limitMs = 10_000;
// Machines are noisy.
const patience = 5;

describeOwnServer(
  "redis",
  () => {
    describe("Sentinel", () => {
      test.each([
        ["wait=1: nothing is lost", "&wait=1", 0],
        ["no wait: at most what the primary had not sent yet", "", 200],
      ])("18: a killed primary is replaced under load, with %s", async (_, option, mayBeLost) => {
        await using redis = await RedisSentinels.start();
        await using load = await TransportLoad.start({ url: `${redis.url}${option}` });
        await load.goesOn();
        await redis.servers[0]?.kill();
        const awayMs = await load.goesOn();
        console.log(`Work went on ${Math.round(awayMs)} ms after the primary was killed.`);
        expect(awayMs).toBeLessThan(limitMs * patience);
        const verdict = await load.finish();
        expect(verdict.lost).toBeLessThanOrEqual(mayBeLost);
        // A publish that was under way says so; none says that it has failed for good.
        expect(Object.keys(verdict.refusals).filter((code) => code !== "PUBLISH_UNCERTAIN")).toEqual([]);
      });

      test("18: a primary that is only demoted is left at once, without a loop of READONLY", async () => {
        await using redis = await RedisSentinels.start();
        const states: string[] = [];
        await using load = await TransportLoad.start({ url: redis.url, onState: (state) => states.push(state) });
        await load.goesOn();
        const [sentinel] = redis.sentinels;
        await sentinel?.execute("redis-cli", ["-p", String(sentinel.port), "sentinel", "failover", "main"]);
        await expect.poll(() => states, { timeout: 30_000 }).toContain("reconnecting");
        await load.goesOn();
        const verdict = await load.finish();
        expect(Object.keys(verdict.refusals).filter((code) => code !== "PUBLISH_UNCERTAIN")).toEqual([]);
        // Two connections, each gone and back; a few attempts may meet the old primary still.
        expect(states.length).toBeLessThan(20);
      });

      test("sentinels that are away are passed over, and a name they do not know is told", async () => {
        await using redis = await RedisSentinels.start();
        const [first, second, third] = redis.sentinels;
        await first?.kill();
        await second?.kill();
        await throughBoth(await redisTransport({ url: redis.url }), await redisBackend({ url: redis.url }));
        const url = `redis://127.0.0.1:${third?.port}?sentinel=nobody`;
        await expect(redisTransport({ url })).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
      });
    });
  },
  ["private"],
);
