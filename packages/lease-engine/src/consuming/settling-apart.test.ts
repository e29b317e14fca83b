import { LovageError } from "@lovage/foundation";
import { TransportBusyError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import type { Settlement } from "../store.ts";
import { engineBench, messageOf, outcomeOf, unavailable } from "../test-support/engine-bench.ts";

describe("settling what others need not wait for", () => {
  it("lets what the store prepares for one keep no other waiting, for as long as the lease lasts", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench();
    store.put("q", ["a", "b", "c"]);
    const consumer = await consume();
    consumer.setPrefetch(0);
    const ready = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    store.prepareSettlement = (_, settlement) => {
      const { fence } = settlement.lease;
      return ready[fence - 1]?.promise.then(() => ({ ...settlement, followUps: [{ ...messageOf("next"), to: "q" }] }));
    };
    const outcomes = deliveries.map((delivery) => outcomeOf(delivery.ack()));
    await clock.advance(10);
    expect(outcomes.map(({ state }) => state)).toEqual(["pending", "pending", "resolved"]);
    ready[0]?.resolve();
    await clock.advance(10);
    expect(store.settled.map(({ lease, ...rest }) => [lease.fence, rest])).toMatchObject([
      [3, { kind: "ack" }],
      [1, { kind: "ack", followUps: [{ properties: { messageId: "next" } }] }],
    ]);
    store.always("extend", unavailable);
    await clock.advance(5_000);
    expect(outcomes.map(({ state }) => state)).toEqual(["resolved", "LEASE_LOST", "resolved"]);
    await connection.close();
  });

  it("lets a queue that takes no follow-ups keep only those waiting that go there, where they are settled apart", async () => {
    const { connection, consume, store, deliveries, clock } = await engineBench({ facts: { settlesApart: true } });
    await connection.declare({ queues: [{ name: "busy" }] });
    store.put("q", ["a", "b", "c", "d"]);
    const consumer = await consume();
    consumer.setPrefetch(0);
    let isBusy = true;
    store.always("settle", (_, settlements) => {
      const targets = (settlements as Settlement[]).flatMap((each) =>
        each.kind === "release" ? [] : (each.followUps ?? []).map(({ to }) => to),
      );
      if (isBusy && targets.includes("busy")) throw new TransportBusyError("Throttled.");
    });
    const [first, plain, next, dead] = deliveries;
    const busy = outcomeOf(first!.ack([messageOf("e", { to: "busy" })]));
    await clock.advance(1_000);
    const others = [plain!.ack(), next!.ack([messageOf("f")]), dead!.reject({ reason: "no" })];
    await Promise.all(others);
    expect([busy.state, consumer.unsettled]).toEqual(["pending", 1]);
    expect([connection.state, connection.isRepeating]).toEqual(["open", true]);
    isBusy = false;
    await clock.advance(2_000);
    expect([busy.state, connection.isRepeating]).toEqual(["resolved", false]);
    await connection.close();
  });

  it("keeps a delivery whose settlement could not be prepared", async () => {
    const { connection, consume, store, deliveries } = await engineBench();
    store.put("q", ["a"]);
    const consumer = await consume();
    store.prepareSettlement = () => Promise.reject(new LovageError("away", { code: "CLAIM_CHECK_UNAVAILABLE" }));
    await expect(deliveries[0]!.ack()).rejects.toMatchObject({ code: "CLAIM_CHECK_UNAVAILABLE" });
    expect([consumer.unsettled, store.settled]).toEqual([1, []]);
    delete store.prepareSettlement;
    await deliveries[0]!.ack();
    await connection.close();
  });
});
