import { expect, test } from "vitest";
import { describeOwnServer } from "../describe-own-server.ts";
import type { OwnServer } from "../service.ts";
import { RedisCluster } from "./redis-cluster.ts";
import { RedisPair } from "./redis-pair.ts";

const cli = async (server: OwnServer, ...command: readonly string[]): Promise<string> =>
  (await server.execute("redis-cli", ["-c", "-p", String(server.port), ...command])).trim();

describeOwnServer(
  "redis",
  () => {
    test("a replica takes over, with what it had heard of, when its primary is killed", async () => {
      await using pair = await RedisPair.start();
      await cli(pair.primary, "set", "kept", "yes");
      expect(await cli(pair.replica, "set", "refused", "yes")).toMatch("READONLY");
      await pair.untilInSync();
      await pair.failOver();
      expect(await cli(pair.replica, "get", "kept")).toBe("yes");
      expect(await cli(pair.replica, "set", "taken", "yes")).toBe("OK");
    });

    test("three nodes make a cluster that serves every slot and survives the restart of one", async () => {
      await using cluster = await RedisCluster.start();
      const [first, second] = cluster.nodes;
      for (const key of ["a", "b", "c", "d", "e"]) expect(await cli(first!, "set", key, "yes")).toBe("OK");
      expect(await cli(first!, "cluster", "info")).toMatch("cluster_slots_ok:16384");
      await second!.restart();
      const readAll = async () => await Promise.all(["a", "b", "c", "d", "e"].map((key) => cli(first!, "get", key)));
      await expect.poll(readAll, { timeout: 15_000 }).toEqual(Array.from({ length: 5 }, () => "yes"));
    });
  },
  ["private"],
);
