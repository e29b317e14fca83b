import { LovageError } from "@lovage/foundation";
import { PublishError, StorageFullError, TransportRejectedError, TransportUnavailableError } from "@lovage/transport";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { engineBench, hang, messageOf, outcomeOf, unavailable } from "../test-support/engine-bench.ts";

const settled = async (promises: readonly Promise<unknown>[]): Promise<readonly string[]> =>
  (await Promise.allSettled(promises)).map((each) =>
    each.status === "fulfilled" ? "ok" : (each.reason as LovageError).code,
  );

/** Takes all but those for which there is an error. */
function refuseSome(ids: readonly string[], errors: Readonly<Record<string, Error>>): never {
  const failures = ids.flatMap((id, index) => {
    const error = errors[id];
    return error === undefined ? [] : [{ index, messageId: id, error }];
  });
  throw new PublishError(failures, ids.length);
}

describe("publishing", () => {
  it("sends a lone call in the same tick, and joins those that come before it returns", async () => {
    const { connection, store } = await engineBench();
    const calls = ["a", "b", "c"].map((id) => connection.publish([messageOf(id)]));
    expect(store.callsOf("publish")).toEqual([[["a"]]]);
    await Promise.all(calls);
    expect(store.callsOf("publish")).toEqual([[["a"]], [["b", "c"]]]);
    await connection.close();
  });

  it("joins what callers send next with what already waits, and keeps the order of the calls", async () => {
    const { connection, store } = await engineBench();
    await Promise.all(
      ["a", "b"].map((id) => connection.publish([messageOf(id)]).then(() => connection.publish([messageOf(`${id}2`)]))),
    );
    expect(store.callsOf("publish").map(([ids]) => ids)).toEqual([["a"], ["b", "a2"], ["b2"]]);
    await connection.close();
  });

  it("joins the calls of callers that were joined before, so that none of them goes alone", async () => {
    const { connection, store } = await engineBench();
    const callers = ["a", "b", "c", "d"].map(async (id) => {
      for (const round of [1, 2, 3]) await connection.publish([messageOf(`${id}${round}`)]);
    });
    await Promise.all(callers);
    expect(store.callsOf("publish").map(([ids]) => ids)).toEqual([
      ["a1"],
      ["b1", "c1", "d1", "a2"],
      ["b2", "c2", "d2", "a3"],
      ["b3", "c3", "d3"],
    ]);
    await connection.close();
  });

  it("gives each joined call its own fate when the store refuses the batch", async () => {
    const { connection, store } = await engineBench();
    store.always("publish", (ids) => {
      if ((ids as string[]).includes("bad")) throw new TransportRejectedError("not this one");
    });
    const codes = await settled(["a", "b", "bad", "c", "d"].map((id) => connection.publish([messageOf(id)])));
    expect(codes).toEqual(["ok", "ok", "TRANSPORT_REJECTED", "ok", "ok"]);
    expect(store.published.map(({ properties }) => properties.messageId)).toEqual(["a", "b", "c", "d"]);
    await connection.close();
  });

  it("names the messages of one call that were refused, when others of it were accepted", async () => {
    const { connection, store } = await engineBench();
    store.always("publish", (ids) => {
      if ((ids as string[]).some((id) => id.startsWith("bad"))) throw new TransportRejectedError("not these");
    });
    const error = await connection
      .publish(["a", "bad1", "b", "bad2"].map((id) => messageOf(id)))
      .catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      code: "PUBLISH_FAILED",
      failures: [
        { index: 1, messageId: "bad1" },
        { index: 3, messageId: "bad2" },
      ],
    });
    await connection.close();
  });

  it("tells every call its own fate, whatever is joined with what and which messages the store refuses", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (calls, maxBatch) => {
          const { connection, store } = await engineBench({ facts: { maxBatch } });
          store.always("publish", (ids) => {
            if ((ids as string[]).some((id) => id.endsWith("bad"))) throw new TransportRejectedError("bad");
          });
          const batches = calls.map((oks, call) => oks.map((isOk, index) => `${call}-${index}${isOk ? "" : "bad"}`));
          const codes = await settled(batches.map((ids) => connection.publish(ids.map((id) => messageOf(id)))));
          for (const [call, ids] of batches.entries()) {
            const bad = ids.filter((id) => id.endsWith("bad")).length;
            const expected = bad === 0 ? "ok" : "refused";
            expect(codes[call] === "ok" ? "ok" : "refused").toBe(expected);
          }
          const accepted = store.published.map(({ properties }) => properties.messageId);
          expect(accepted).toEqual(batches.flat().filter((id) => !id.endsWith("bad")));
          await connection.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it("repeats only what a store that took some of a batch names, and tells the rest of it what it was refused for", async () => {
    const { connection, store, clock } = await engineBench();
    store.next("publish", () => {});
    store.next("publish", (ids) =>
      refuseSome(ids as string[], { b: new TransportUnavailableError("away"), d: new TransportRejectedError("no") }),
    );
    const first = connection.publish([messageOf("0")]);
    const mixed = connection.publish(["a", "b"].map((id) => messageOf(id)));
    const refused = connection.publish(["c", "d"].map((id) => messageOf(id))).catch((error: unknown) => error);
    await first;
    await clock.advance(1_000);
    await mixed;
    expect(await refused).toMatchObject({ code: "PUBLISH_FAILED", failures: [{ index: 1, messageId: "d" }] });
    expect(store.callsOf("publish").map(([ids]) => ids)).toEqual([["0"], ["a", "b", "c", "d"], ["b"]]);
    await connection.close();
  });

  it("repeats what could not be written, within the publish timeout", async () => {
    const { connection, store, clock } = await engineBench();
    store.next("publish", () => {
      throw new LovageError("busy", { code: "STORE_BUSY", retryable: true });
    });
    const outcome = outcomeOf(connection.publish([messageOf("a")]));
    await clock.advance(100);
    expect(outcome.state).toBe("resolved");
    expect(connection.state).toBe("open");
    await connection.close();
  });

  it("tells the store's own error when the publish timeout has passed and nothing was written", async () => {
    const { connection, store, clock } = await engineBench();
    store.always("publish", unavailable);
    store.always("open", unavailable);
    const outcome = outcomeOf(connection.publish([messageOf("a")], { timeoutMs: 2_000 }));
    await clock.advance(1_999);
    expect(outcome.state).toBe("pending");
    await clock.advance(1);
    expect(outcome.state).toBe("TRANSPORT_UNAVAILABLE");
    await connection.close();
  });

  it("times out when the store never answers, and does not hold back later calls for ever", async () => {
    const { connection, store, clock } = await engineBench();
    store.next("publish", hang);
    const first = outcomeOf(connection.publish([messageOf("a")], { timeoutMs: 1_000 }));
    const second = outcomeOf(connection.publish([messageOf("b")]));
    await clock.advance(1_000);
    expect([first.state, second.state]).toEqual(["PUBLISH_TIMEOUT", "resolved"]);
    await connection.close();
  });

  it("keeps the deadline of a short timeout behind a long one", async () => {
    const { connection, store, clock } = await engineBench();
    store.always("publish", hang);
    const long = outcomeOf(connection.publish([messageOf("a")]));
    const short = outcomeOf(connection.publish([messageOf("b")], { timeoutMs: 50 }));
    await clock.advance(50);
    expect([long.state, short.state]).toEqual(["pending", "TRANSPORT_UNAVAILABLE"]);
    await clock.advance(29_950);
    expect(long.state).toBe("PUBLISH_TIMEOUT");
    await connection.close();
  });

  it("passes a full disk and an uncertain answer on at once, and writes nothing twice", async () => {
    const { connection, store } = await engineBench();
    store.next("publish", () => {
      throw new StorageFullError("full");
    });
    store.next("publish", () => {
      throw new LovageError("cut off", { code: "PUBLISH_UNCERTAIN", retryable: true });
    });
    expect(await settled(["a", "b", "c"].map((id) => connection.publish([messageOf(id)])))).toEqual([
      "STORAGE_FULL",
      "PUBLISH_UNCERTAIN",
      "PUBLISH_UNCERTAIN",
    ]);
    expect(store.published).toEqual([]);
    await connection.close();
  });

  it("refuses a bad message before it joins others", async () => {
    const { connection, store } = await engineBench();
    const bad = messageOf("");
    const codes = await settled([
      connection.publish([messageOf("a"), bad]),
      connection.publish([messageOf("b", { to: "elsewhere" })]),
      connection.publish([messageOf("c", { body: new Uint8Array(300_000) })]),
      connection.publish([messageOf("d")], { transaction: {} }),
      connection.publish([messageOf("e")], { timeoutMs: 0 }),
    ]);
    expect(codes).toEqual([
      "OPTION_INVALID",
      "QUEUE_NOT_DECLARED",
      "MESSAGE_TOO_LARGE",
      "TRANSACTION_UNSUPPORTED",
      "OPTION_INVALID",
    ]);
    expect(store.callsOf("publish")).toEqual([]);
    await connection.close();
  });

  it("keeps order when a message must be routed first and the next need not", async () => {
    const { connection, store } = await engineBench();
    await connection.declare({ exchanges: [{ name: "x", type: "fanout" }], bindings: [{ exchange: "x", queue: "q" }] });
    const routed = connection.publish([messageOf("a", { to: { exchange: "x", routingKey: "" } })]);
    await Promise.all([routed, connection.publish([messageOf("b")])]);
    expect(store.published.map(({ properties }) => properties.messageId)).toEqual(["a", "b"]);
    await connection.close();
  });

  it("counts a message that an exchange takes to several queues as one", async () => {
    const { connection, store } = await engineBench();
    const bindings = ["q", "r"].map((queue) => ({ exchange: "x", queue }));
    await connection.declare({ queues: [{ name: "r" }], exchanges: [{ name: "x", type: "fanout" }], bindings });
    store.always("publish", (ids) => {
      if ((ids as string[]).includes("bad")) throw new TransportRejectedError("bad");
    });
    const to = { exchange: "x", routingKey: "" };
    const error = await connection
      .publish([messageOf("a", { to }), messageOf("bad", { to })])
      .catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "PUBLISH_FAILED", failures: [{ index: 1, messageId: "bad" }] });
    await connection.close();
  });

  it("lets what is under way settle within the grace of a close, and ends the rest", async () => {
    const { connection, store, clock } = await engineBench();
    const gate = Promise.withResolvers<void>();
    store.next("publish", () => gate.promise);
    store.next("publish", hang);
    const first = outcomeOf(connection.publish([messageOf("a")]));
    const second = outcomeOf(connection.publish([messageOf("b")]));
    const closed = outcomeOf(connection.close({ graceMs: 1_000 }));
    const late = outcomeOf(connection.publish([messageOf("c")]));
    gate.resolve();
    await clock.advance(999);
    expect([first.state, second.state, late.state, closed.state]).toEqual(["resolved", "pending", "CLOSED", "pending"]);
    await clock.advance(1);
    expect([second.state, closed.state]).toEqual(["PUBLISH_UNCERTAIN", "resolved"]);
    expect(clock.pending).toBe(0);
  });

  it("tells a call that never left the process that it was closed", async () => {
    const { connection, store } = await engineBench();
    store.next("publish", hang);
    const first = outcomeOf(connection.publish([messageOf("a")]));
    const second = outcomeOf(connection.publish([messageOf("b")]));
    await connection.close();
    expect([first.state, second.state]).toEqual(["PUBLISH_UNCERTAIN", "CLOSED"]);
  });

  it("tells the same to a call that waits for the broker to come back, and why, unless some of it was accepted", async () => {
    const { connection, store, clock } = await engineBench({ facts: { maxBatch: 1, publishesInFlight: 2 } });
    const away = new TransportUnavailableError("gone");
    store.always("open", unavailable);
    store.next("publish", () => {});
    store.next("publish", () => Promise.reject(away));
    const partly = outcomeOf(connection.publish([messageOf("a"), messageOf("b")]));
    await clock.advance(0);
    const unsent = connection.publish([messageOf("c")]).catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(connection.state).toBe("reconnecting");
    await connection.close();
    expect(partly.state).toBe("PUBLISH_UNCERTAIN");
    expect(await unsent).toMatchObject({ code: "CLOSED", cause: { code: "TRANSPORT_UNAVAILABLE" } });
    expect(store.callsOf("publish").map(([ids]) => ids)).toEqual([["a"], ["b"]]);
  });

  it("lets a later close shorten the grace", async () => {
    const { connection, store, clock } = await engineBench();
    store.next("publish", hang);
    const outcome = outcomeOf(connection.publish([messageOf("a")]));
    const first = outcomeOf(connection.close({ graceMs: 25_000 }));
    await clock.advance(1_000);
    const second = outcomeOf(connection.close());
    await clock.advance(0);
    expect([outcome.state, first.state, second.state]).toEqual(["PUBLISH_UNCERTAIN", "resolved", "resolved"]);
    expect(clock.pending).toBe(0);
  });

  it("waits out a reconnection and then publishes", async () => {
    const { connection, store, clock } = await engineBench();
    let isAway = true;
    store.always("publish", () => (isAway ? unavailable() : undefined));
    store.always("open", () => (isAway ? unavailable() : undefined));
    const outcome = outcomeOf(connection.publish([messageOf("a")]));
    await clock.advance(5_000);
    expect([outcome.state, connection.state]).toEqual(["pending", "reconnecting"]);
    isAway = false;
    await clock.advance(5_000); // The longest wait between two attempts, whatever the jitter.
    expect([outcome.state, connection.state]).toEqual(["resolved", "open"]);
    await connection.close();
  });

  it("reports the cause of a lost connection when it was never sent", async () => {
    const { connection, store, clock } = await engineBench();
    store.always("open", unavailable);
    store.events?.lost(new TransportUnavailableError("gone"));
    const outcome = outcomeOf(connection.publish([messageOf("a")], { timeoutMs: 100 }));
    await clock.advance(100);
    expect(outcome.state).toBe("TRANSPORT_UNAVAILABLE");
    await connection.close();
    expect(clock.pending).toBe(0);
  });
});
