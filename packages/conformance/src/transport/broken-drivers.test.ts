import { virtualClock } from "@lovage/foundation";
import { describe, expect, it } from "vitest";
import { brokenDrivers } from "../test-support/broken-drivers.ts";
import { override } from "../test-support/override.ts";
import { type PocketFaults, pocketHarness } from "../test-support/pocket-broker/pocket-harness.ts";
import { concerns } from "./concerns.ts";
import { runOnFreshBroker } from "./test-transport.ts";
import type { TransportCase } from "./transport-case.ts";

const allCases = new Map<string, TransportCase>(
  concerns.flatMap(({ name, cases }) => cases.map((each) => [`${name}: ${each.name}`, each] as const)),
);

/** Wraps the connections, and breaks nothing. */
const harmless: PocketFaults = { wrap: (connection) => override(connection, {}) };

function find(start: string): TransportCase {
  const found = [...allCases].find(([name]) => name.startsWith(start));
  if (found === undefined) throw new Error(`There is no case "${start}…".`);
  return found[1];
}

async function outcomeOf(start: string, faults: PocketFaults): Promise<unknown> {
  const make = async () => await Promise.resolve(pocketHarness(virtualClock(), faults));
  return await runOnFreshBroker(find(start), make).then(
    () => "passed",
    (error: unknown) => error,
  );
}

describe("the cases of the delivery contract", () => {
  it("have names of their own", () => {
    expect(allCases.size).toBe(concerns.flatMap(({ cases }) => cases).length);
  });

  for (const { fault, faults, foundBy } of brokenDrivers) {
    it(`find a driver that ${fault}`, async () => {
      for (const start of foundBy) {
        expect([start, await outcomeOf(start, harmless)]).toEqual([start, "passed"]);
        expect([start, await outcomeOf(start, faults)]).toEqual([start, expect.any(Error)]);
      }
    });
  }
});
