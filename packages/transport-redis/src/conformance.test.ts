import { stressTransport, testTransport, testTransportModel } from "@lovage/conformance";
import { afterAll, describe, it } from "vitest";

import { redisHarness } from "./test-support/redis-harness.ts";

const runner = { afterAll, describe, it };

testTransport({ runner, name: "redis", make: redisHarness, concurrent: true });
// Leases end in real time here, so a run takes its time; the memory transport does many more.
testTransportModel({ runner, name: "redis", make: redisHarness, runs: 3, maxCommands: 25 });
stressTransport({ runner, name: "redis", make: redisHarness, rounds: 1, parallel: 2 });
