import { virtualClock } from "@lovage/foundation";
import { describe, expect, it } from "vitest";
import { brokenDrivers } from "../../test-support/broken-drivers.ts";
import { pocketHarness } from "../../test-support/pocket-broker/pocket-harness.ts";
import type { TransportHarness } from "../harness.ts";
import { checkModel } from "./test-transport-model.ts";

const found = [
  "drops follow-ups",
  "exceeds the prefetch by one",
  "ignores a changed prefetch",
  "delivers early",
  "forgets losses",
  "counts releases as losses",
  "never marks a redelivery",
  "gives every delivery the same fence",
  "never buries poison, and shows suspects in company",
  "delivers after close",
  "accepts messages twice",
  "does not renew its leases",
  "loses dead letters and delays in a restart",
];

describe("the model", () => {
  for (const fault of found) {
    it(`finds a driver that ${fault}, and tells how to repeat it`, async () => {
      const driver = brokenDrivers.find((each) => each.fault === fault);
      if (driver === undefined) throw new Error(`There is no driver that ${fault}.`);
      const make = async (): Promise<TransportHarness> =>
        await Promise.resolve(pocketHarness(virtualClock(), driver.faults));
      await expect(checkModel({ make, runs: 300, endOnFailure: true })).rejects.toThrow(/seed: -?\d+, path: "[\d:]+"/u);
    });
  }
});
