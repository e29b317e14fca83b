import { virtualClock } from "@lovage/foundation";
import { afterAll, describe, it } from "vitest";
import { pocketHarness } from "../test-support/pocket-broker/pocket-harness.ts";
import { testTransport } from "./test-transport.ts";

testTransport({
  runner: { afterAll, describe, it },
  name: "pocket",
  make: async () => await Promise.resolve(pocketHarness(virtualClock())),
});
