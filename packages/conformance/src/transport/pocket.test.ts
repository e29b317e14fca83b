import { virtualClock } from "@lovage/foundation";
import { afterAll, describe, it } from "vitest";
import { pocketHarness } from "../test-support/pocket-broker/pocket-harness.ts";
import type { TransportHarness } from "./harness.ts";
import { testTransportModel } from "./model/test-transport-model.ts";
import { stressTransport } from "./stress-transport.ts";
import { testTransport } from "./test-transport.ts";

const runner = { afterAll, describe, it };
const make = async (): Promise<TransportHarness> => await Promise.resolve(pocketHarness(virtualClock()));

testTransport({ runner, name: "pocket", make });
testTransportModel({ runner, name: "pocket", make });
stressTransport({ runner, name: "pocket", make });
