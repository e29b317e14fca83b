import { stressTransport, testTransport, testTransportModel } from "@lovage/conformance";
import { afterAll, beforeAll, describe, it } from "vitest";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { RedisCluster } from "../services/redis/redis-cluster.ts";
import { seedsOf } from "./cluster-url.ts";
import { sharedHarness } from "./shared-harness.ts";

const runner = { afterAll, describe, it };

describeOwnServer(
  "redis",
  () => {
    let cluster: RedisCluster;
    beforeAll(async () => {
      cluster = await RedisCluster.start();
    });
    afterAll(async () => await cluster[Symbol.asyncDispose]());

    const make = () =>
      Promise.resolve(sharedHarness({ url: seedsOf(cluster), options: { cluster: true }, servers: cluster.nodes }));
    testTransport({ runner, name: "redis cluster", make, concurrent: true });
    testTransportModel({ runner, name: "redis cluster", make, runs: 3, maxCommands: 25 });
    stressTransport({ runner, name: "redis cluster", make, rounds: 1, parallel: 4 });
  },
  ["private"],
);
