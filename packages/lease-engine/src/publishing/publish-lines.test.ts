import type { VirtualClock } from "@lovage/foundation";
import { ClaimCheckUnavailableError, TransportBusyError, TransportRejectedError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import type { RoutedMessage } from "../store.ts";
import { engineBench, hang, messageOf, outcomeOf, type EngineBench } from "../test-support/engine-bench.ts";
import { FreezableClock } from "../test-support/freezable-clock.ts";

/** A bench whose queues are published to apart; `slow` and `q` are declared, `line` has an order. */
async function apartBench(): Promise<EngineBench> {
  const bench = await engineBench({ facts: { publishesApart: true } });
  bench.store.capabilitiesOf = (queue) => ({ order: queue === "line" ? "queue" : "none" });
  await bench.connection.declare({
    queues: [{ name: "slow" }, { name: "line" }],
    exchanges: [{ name: "news", type: "direct" }],
    bindings: [{ exchange: "news", routingKey: "all", queue: "line" }],
  });
  return bench;
}

const to = (queue: string, id: string): ReturnType<typeof messageOf> => messageOf(id, { to: queue });
const news = (id: string): ReturnType<typeof messageOf> =>
  messageOf(id, { to: { exchange: "news", routingKey: "all" } });
const idsOf = ({ store }: EngineBench): readonly unknown[] => store.callsOf("publish").map(([ids]) => ids);

/** Makes messages whose id begins with "large" ready once `ready` says so. */
function preparing({ store }: EngineBench, ready: Promise<unknown>): void {
  store.prepare = (message: RoutedMessage) => {
    const { messageId } = message.properties;
    if (!messageId.startsWith("large")) return undefined;
    return ready.then(() => ({ ...message, properties: { ...message.properties, messageId: `${messageId}*` } }));
  };
}

describe("publishing to queues apart", () => {
  it("lets a queue that does not answer keep no other waiting, and sends to each in order", async () => {
    const bench = await apartBench();
    const { connection, store } = bench;
    store.next("publish", hang);
    const slow = outcomeOf(connection.publish([to("slow", "s")]));
    await connection.publish([to("q", "a")]);
    const calls = ["b", "c"].map((id) => connection.publish([to("q", id)]));
    await Promise.all(calls);
    expect([slow.state, idsOf(bench)]).toEqual(["pending", [["s"], ["a"], ["b", "c"]]]);
    await connection.close();
  });

  it("joins the calls of a queue while one is under way", async () => {
    const bench = await apartBench();
    await Promise.all(["a", "b", "c"].map((id) => bench.connection.publish([to("q", id)])));
    expect(idsOf(bench)).toEqual([["a"], ["b", "c"]]);
    await bench.connection.close();
  });

  it("repeats what a busy queue did not take, and the connection stays open", async () => {
    const bench = await apartBench();
    const { connection, store, states, clock } = bench;
    let isBusy = true;
    store.always("publish", (ids) => {
      if (isBusy && (ids as string[]).includes("s")) throw new TransportBusyError("Throttled.");
    });
    const slow = outcomeOf(connection.publish([to("slow", "s")]));
    await clock.advance(5_000);
    await connection.publish([to("q", "a")]);
    isBusy = false;
    await clock.advance(5_000);
    expect([slow.state, states]).toEqual(["resolved", []]);
    await connection.close();
  });

  it("tells of a call of several queues what was not accepted, and of one reason for all as such", async () => {
    const { connection, store, clock } = await apartBench();
    store.always("publish", (ids) => ((ids as string[]).includes("s") ? hang() : undefined));
    const batch = [to("q", "a"), to("slow", "s"), to("q", "b")];
    const failures = [{ index: 1, messageId: "s", error: { code: "PUBLISH_TIMEOUT" } }];
    const partly = connection.publish(batch, { timeoutMs: 500 }).catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await partly).toMatchObject({ code: "PUBLISH_FAILED", failures });
    store.always("publish", hang);
    const whole = outcomeOf(connection.publish(batch, { timeoutMs: 500 }));
    await clock.advance(1_000);
    expect(whole.state).toBe("PUBLISH_TIMEOUT");
    await connection.close();
  });

  it("names the messages of a call that a queue refused", async () => {
    const { connection, store } = await apartBench();
    store.always("publish", (ids) => {
      if ((ids as string[]).includes("bad")) throw new TransportRejectedError("Not this one.");
    });
    const batch = [to("slow", "s"), to("q", "a"), to("q", "bad"), to("q", "b")];
    const failures = [{ index: 2, messageId: "bad", error: { code: "TRANSPORT_REJECTED" } }];
    await expect(connection.publish(batch)).rejects.toMatchObject({ code: "PUBLISH_FAILED", failures });
    expect(store.published.map(({ properties }) => properties.messageId)).toEqual(["s", "a", "b"]);
    await connection.close();
  });

  it("lets what is made ready first keep nobody waiting, but for those behind it in a queue with an order", async () => {
    const bench = await apartBench();
    const { connection } = bench;
    const ready = Promise.withResolvers<void>();
    preparing(bench, ready.promise);
    const calls = [connection.publish([to("q", "large"), to("q", "a")]), connection.publish([to("q", "b")])];
    const line = [connection.publish([to("line", "1"), to("line", "large"), to("line", "2")])];
    line.push(connection.publish([to("line", "3")]));
    await calls[1];
    expect(idsOf(bench)).toEqual([["a"], ["1"], ["b"]]);
    ready.resolve();
    await Promise.all([...calls, ...line]);
    const sentTo = (queue: string): readonly string[] =>
      bench.store.published.filter((each) => each.to === queue).map(({ properties }) => properties.messageId);
    expect([sentTo("q"), sentTo("line")]).toEqual([
      ["a", "b", "large*"],
      ["1", "large*", "2", "3"],
    ]);
    await connection.close();
  });

  it("ends within its timeout what does not get ready, and tells why it could not be made so", async () => {
    const bench = await apartBench();
    const { connection, clock, store } = bench;
    preparing(bench, hang());
    const waiting = outcomeOf(connection.publish([to("q", "large")], { timeoutMs: 500 }));
    await clock.advance(1_000);
    expect(waiting.state).toBe("TRANSPORT_UNAVAILABLE");
    preparing(bench, Promise.reject(new ClaimCheckUnavailableError("The claim check is away.")));
    const failures = [{ index: 0, messageId: "large", error: { code: "CLAIM_CHECK_UNAVAILABLE" } }];
    await expect(connection.publish([to("q", "large"), to("q", "a")])).rejects.toMatchObject({ failures });
    expect(store.published.map(({ properties }) => properties.messageId)).toEqual(["a"]);
    await connection.close();
  });

  it("lets go of what was made ready and is refused, or comes too late to be sent, and of nothing that may have been accepted", async () => {
    const bench = await apartBench();
    const { connection, clock, store } = bench;
    const discarded: string[] = [];
    store.discard = ({ properties }) => void discarded.push(properties.messageId);
    preparing(bench, Promise.resolve());
    store.next("publish", () => {
      throw new TransportRejectedError("Not this one.");
    });
    await expect(connection.publish([to("q", "large-refused")])).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
    await connection.publish([to("q", "large-sent")]);
    const ready = Promise.withResolvers<void>();
    preparing(bench, ready.promise);
    const late = outcomeOf(connection.publish([to("q", "large-late")], { timeoutMs: 500 }));
    await clock.advance(500);
    ready.resolve();
    store.always("publish", hang);
    const unknown = outcomeOf(connection.publish([to("q", "large-unknown")], { timeoutMs: 500 }));
    await clock.advance(500);
    expect([late.state, unknown.state]).toEqual(["TRANSPORT_UNAVAILABLE", "PUBLISH_TIMEOUT"]);
    expect(discarded).toEqual(["large-refused*", "large-late*"]);
    await connection.close();
  });

  it("ends within its timeout, or with the connection, what waits for a store that does not tell where it goes", async () => {
    const bindings = { bind: async () => {}, read: hang };
    const { connection, clock } = await engineBench({ facts: { publishesApart: true }, bindings });
    const timed = outcomeOf(connection.publish([news("1")], { timeoutMs: 500 }));
    const behind = outcomeOf(connection.publish([to("q", "2")]));
    await clock.advance(400);
    expect([timed.state, behind.state]).toEqual(["pending", "pending"]);
    await clock.advance(200);
    expect([timed.state, behind.state]).toEqual(["TRANSPORT_UNAVAILABLE", "resolved"]);
    const closed = outcomeOf(connection.publish([news("3")]));
    const closing = connection.close({ graceMs: 500 });
    await clock.advance(1_000);
    await closing;
    expect([closed.state, clock.pending]).toEqual(["CLOSED", 0]);
  });

  it("ends at its deadline what stands behind a call of which nobody tells where it goes, and never sends it", async () => {
    const told = Promise.withResolvers<undefined>();
    const bindings = { bind: async () => {}, read: () => told.promise };
    const { connection, clock, store } = await engineBench({ facts: { publishesApart: true }, bindings });
    const first = outcomeOf(connection.publish([news("1")], { timeoutMs: 30_000 }));
    const long = outcomeOf(connection.publish([to("q", "2")], { timeoutMs: 20_000 }));
    const short = outcomeOf(connection.publish([to("q", "3")], { timeoutMs: 1_000 }));
    await clock.advance(999);
    expect([first.state, long.state, short.state]).toEqual(["pending", "pending", "pending"]);
    await clock.advance(1);
    expect([first.state, long.state, short.state]).toEqual(["pending", "pending", "TRANSPORT_UNAVAILABLE"]);
    told.resolve(undefined);
    await clock.advance(0);
    expect([first.state, long.state]).toEqual(["MESSAGE_UNROUTABLE", "resolved"]);
    expect(store.published.map(({ properties }) => properties.messageId)).toEqual(["2"]);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("never sends what is overdue, although the timer of its deadline is late", async () => {
    const told = Promise.withResolvers<undefined>();
    const bindings = { bind: async () => {}, read: () => told.promise };
    let own: FreezableClock | undefined;
    const clockOf = (clock: VirtualClock): FreezableClock => (own ??= new FreezableClock(clock));
    const { connection, clock, store } = await engineBench({ facts: { publishesApart: true }, bindings, clockOf });
    const first = outcomeOf(connection.publish([news("1")]));
    const overdue = outcomeOf(connection.publish([to("q", "2")], { timeoutMs: 1_000 }));
    own?.freeze();
    await clock.advance(2_000);
    told.resolve(undefined);
    await clock.advance(0);
    expect([first.state, overdue.state]).toEqual(["MESSAGE_UNROUTABLE", "TRANSPORT_UNAVAILABLE"]);
    own?.thaw();
    await clock.advance(0);
    expect(store.published).toEqual([]);
    await connection.close();
  });

  it("keeps the order of what goes through exchanges, and sends it also when the connection is closed at once", async () => {
    const bench = await apartBench();
    const { connection, store } = bench;
    const calls = [connection.publish([news("1")]), connection.publish([to("line", "2")])];
    await connection.close({ graceMs: 1_000 });
    await Promise.all(calls);
    expect(store.published.map(({ properties }) => properties.messageId)).toEqual(["1", "2"]);
  });
});
