import { silentLog } from "@lovage/foundation";
import { expect, test } from "vitest";

import type { Delivery } from "./delivery.ts";
import { HandOut, type HandOutParts } from "./hand-out.ts";

/** A delivery after so many losses, of which only what a hand-out needs is there. */
function lost(losses: number): Delivery & { readonly settled: unknown[] } {
  const settled: unknown[] = [];
  return {
    count: losses + 1,
    message: { properties: { messageId: "m" } },
    reject: async (reason: unknown) => void settled.push(reason),
    release: async () => void settled.push("released"),
    settled,
  } as unknown as Delivery & { readonly settled: unknown[] };
}

function handOut(parts: Partial<HandOutParts<Delivery>>): { readonly out: HandOut<Delivery>; watched: Delivery[] } {
  const watched: Delivery[] = [];
  const watch = (delivery: Delivery): void => void watched.push(delivery);
  const silent = { queue: "q", maxDeliveries: 3, onDelivery: () => {}, heldBy: "its lease", watch, log: silentLog };
  return { out: new HandOut({ ...silent, ...parts }), watched };
}

test("what was lost as often as is allowed is not delivered any more", () => {
  const told: string[] = [];
  const { out, watched } = handOut({
    onDelivery: () => told.push("delivered"),
    onExhausted: () => told.push("exhausted"),
  });
  out.give(lost(2));
  out.give(lost(3));
  expect([told, watched]).toEqual([["delivered", "exhausted"], []]);
});

test("where nobody wants what is exhausted, it is rejected as poison, and that is watched", () => {
  const { out, watched } = handOut({});
  const delivery = lost(3);
  out.give(delivery);
  const detail = expect.stringMatching(/^Lost 3 times .* lost its lease each time\.$/u) as string;
  expect([delivery.settled, watched]).toEqual([[{ reason: "poison", detail }], [delivery]]);
});

function fail(): void {
  throw new Error("no");
}

test("a delivery on which its consumer throws is given back", () => {
  const { out, watched } = handOut({ onDelivery: fail });
  const delivery = lost(0);
  out.give(delivery);
  expect([delivery.settled, watched]).toEqual([["released"], [delivery]]);
});
