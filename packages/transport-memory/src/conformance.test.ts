import { testTransport, testTransportModel } from "@lovage/conformance";
import { afterAll, describe, it } from "vitest";

import { memoryHarness } from "./test-support/memory-harness.ts";

const runner = { afterAll, describe, it };
const make = async (): Promise<ReturnType<typeof memoryHarness>> => memoryHarness();

testTransport({ runner, name: "memory", make });
testTransportModel({ runner, name: "memory", make });
