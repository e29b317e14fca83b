import { expect, it } from "vitest";

import { UnsettledOriginals } from "./unsettled-originals.ts";

it("names what follows a delivery for as long as that one is being settled", async () => {
  const originals = new UnsettledOriginals();
  const settlement = Promise.withResolvers<void>();
  const over = originals.during(["a", "b"], () => settlement.promise);
  expect([originals.settled("a"), originals.settled("b"), originals.settled("c")]).toEqual([
    expect.any(Promise),
    expect.any(Promise),
    undefined,
  ]);
  settlement.resolve();
  await over;
  expect([originals.settled("a"), originals.settled("b")]).toEqual([undefined, undefined]);
});

it("lets go of what follows a settlement that failed, and tells who settled alone", async () => {
  const originals = new UnsettledOriginals();
  const settlement = Promise.withResolvers<void>();
  const over = originals.during(["a"], () => settlement.promise);
  const waiting = originals.settled("a");
  settlement.reject(new Error("the channel has ended"));
  await expect(over).rejects.toThrow("the channel has ended");
  await expect(waiting).resolves.toBeUndefined();
  expect(originals.settled("a")).toBeUndefined();
});

it("goes by the latest of two settlements of the same message", async () => {
  const originals = new UnsettledOriginals();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const firstOver = originals.during(["a"], () => first.promise);
  const secondOver = originals.during(["a"], () => second.promise);
  first.resolve();
  await firstOver;
  expect(originals.settled("a")).toBeInstanceOf(Promise);
  second.resolve();
  await secondOver;
  expect(originals.settled("a")).toBeUndefined();
});
