import { virtualClock } from "@lovage/foundation";
import type { Connection, ConsumeOptions, Consumer, Delivery } from "@lovage/transport";
import { describe, expect, test, vi } from "vitest";
import { Intake } from "./intake.ts";

/** An intake over a consumer that does what the test does. */
const setUp = async ({ isSlow = false, countsReleases = false, goesToEnd = false } = {}) => {
  const opening = Promise.withResolvers<void>();
  if (!isSlow) opening.resolve();
  const close = vi.fn<Consumer["close"]>(async () => {});
  const setPrefetch = vi.fn<Consumer["setPrefetch"]>();
  let consuming: ConsumeOptions | undefined;
  const givenBack: Delivery[] = [];
  let delivered = 0;
  const connection = {
    capabilities: { recovery: goesToEnd ? "connection" : "lease" },
    capabilitiesOf: () => ({ countsReleases, order: countsReleases ? "key" : "queue" }),
    consume: async (options: ConsumeOptions) => {
      consuming = options;
      await opening.promise;
      return {
        queue: "q",
        prefetch: options.prefetch,
        get unsettled() {
          return delivered - givenBack.length;
        },
        close,
        setPrefetch,
      } satisfies Consumer;
    },
  } as unknown as Connection;
  const intake = new Intake({
    queue: "q",
    concurrency: 2,
    setting: "auto",
    maxDeliveries: 3,
    clock: virtualClock(),
    onArrival: () => {},
    onExhausted: () => {},
    giveBack: (delivery) => givenBack.push(delivery),
  });
  const opened = intake.open(connection);
  if (!isSlow) await opened;
  const deliver = (...deliveries: Delivery[]): void =>
    deliveries.forEach((delivery) => ((delivered += 1), consuming?.onDelivery(delivery)));
  return { intake, prefetch: () => consuming?.prefetch, opened, opening, close, setPrefetch, deliver, givenBack };
};

const delivery = (name: string, signal = new AbortController().signal): Delivery =>
  ({ token: name, signal }) as Delivery;

describe("an intake", () => {
  test("gives out what came, in order, however much that is", async () => {
    const { intake, deliver } = await setUp();
    const all = Array.from({ length: 5_000 }, (_, n) => delivery(String(n)));
    deliver(...all.slice(0, 3_000));
    const taken = all.slice(0, 2_500).map(() => intake.next());
    deliver(...all.slice(3_000));
    while (intake.buffered > 0) taken.push(intake.next());
    expect(taken).toEqual(all);
    expect(intake.next()).toBeUndefined();
  });

  test("passes over what was lost while it waited, and asks only what has waited", async () => {
    const { intake, deliver } = await setUp();
    const lost = AbortSignal.abort();
    deliver(delivery("a", lost), delivery("b"), delivery("c", lost));
    intake.age();
    deliver(delivery("d", lost));
    expect([intake.next()?.token, intake.next()?.token, intake.next()]).toEqual(["b", "d", undefined]);
  });

  test("gives back, the latest first, what it holds when it is closed, and what comes afterwards", async () => {
    const { intake, deliver, givenBack, close } = await setUp();
    deliver(delivery("a"), delivery("b"));
    await intake.close(500);
    deliver(delivery("c"));
    expect(givenBack.map(({ token }) => token)).toEqual(["b", "a", "c"]);
    expect([intake.buffered, close.mock.calls]).toEqual([0, [[{ graceMs: 500 }]]]);
  });

  test("closes its consumer when it was closed before it had one", async () => {
    const { intake, opened, opening, close } = await setUp({ isSlow: true });
    await intake.close(0);
    expect(close).not.toHaveBeenCalled();
    opening.resolve();
    await opened;
    expect(close).toHaveBeenCalledOnce();
  });

  test("tells its consumer of a new prefetch", async () => {
    const { intake, setPrefetch } = await setUp();
    for (let n = 0; n < 10; n += 1) intake.measured(0.01);
    expect(setPrefetch.mock.calls[0]).toEqual([16]);
  });

  test("fetches one ahead for each slot, and gives that back when its tasks are long", async () => {
    const { intake, deliver, prefetch, givenBack } = await setUp();
    expect(prefetch()).toBe(4);
    deliver(delivery("a"), delivery("b"), delivery("c"), delivery("d"));
    expect([intake.next()?.token, intake.next()?.token]).toEqual(["a", "b"]);
    intake.stall(1_000);
    expect(givenBack.map(({ token }) => token)).toEqual(["d", "c"]);
  });
});

describe("an intake of a queue to whose end goes what is given back", () => {
  const toEnd = { goesToEnd: true };

  test("fetches no more than there are slots, so that long tasks stay in order and nothing waits behind them", async () => {
    const { intake, deliver, prefetch, setPrefetch, givenBack } = await setUp(toEnd);
    expect(prefetch()).toBe(2);
    deliver(delivery("a"), delivery("b"));
    expect([intake.next()?.token, intake.next()?.token]).toEqual(["a", "b"]);
    for (let sinceMs = 1_000; sinceMs < 10_000; sinceMs += 1_000) intake.stall(sinceMs);
    intake.resume();
    expect([new Set(setPrefetch.mock.calls.flat()), givenBack]).toEqual([new Set([2]), []]);
  });

  test("gives back what waits when its tasks become long, and when it is closed, the oldest first", async () => {
    const { intake, deliver, setPrefetch, givenBack } = await setUp(toEnd);
    for (let n = 0; n < 10; n += 1) intake.measured(0.01);
    deliver(...["a", "b", "c", "d", "e"].map((name) => delivery(name)));
    expect([intake.next()?.token, intake.next()?.token]).toEqual(["a", "b"]);
    intake.stall(1_000);
    expect([setPrefetch.mock.calls.at(-1), givenBack.map(({ token }) => token)]).toEqual([[2], ["c", "d", "e"]]);
    deliver(delivery("f"), delivery("g"));
    await intake.close(0);
    expect(givenBack.map(({ token }) => token)).toEqual(["c", "d", "e", "f", "g"]);
  });

  test("keeps nothing while the tasks of another queue take all slots", async () => {
    const { intake, deliver, setPrefetch, givenBack } = await setUp(toEnd);
    deliver(delivery("a"), delivery("b"));
    intake.stall(1_000);
    expect([setPrefetch.mock.calls, givenBack.map(({ token }) => token)]).toEqual([[[0]], ["a", "b"]]);
  });
});

describe("an intake of a queue whose broker counts what is given back", () => {
  const counting = { countsReleases: true };

  test("fetches no more than there are slots, and so gives nothing back when its tasks are long", async () => {
    const { intake, deliver, prefetch, setPrefetch, givenBack } = await setUp(counting);
    expect(prefetch()).toBe(2);
    for (const name of ["a", "b", "c", "d"]) {
      deliver(delivery(name));
      expect(intake.next()?.token).toBe(name);
      intake.stall(60_000);
      intake.resume();
    }
    expect(givenBack).toEqual([]);
    expect(setPrefetch.mock.calls.map(([size]) => size)).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
  });

  test("keeps what waits behind the tasks of another queue, for which it would be fetched again", async () => {
    const { intake, deliver, givenBack } = await setUp(counting);
    deliver(delivery("a"), delivery("b"));
    for (let sinceMs = 1_000; sinceMs < 60_000; sinceMs += 1_000) intake.stall(sinceMs);
    expect([intake.next()?.token, intake.next()?.token, givenBack]).toEqual(["a", "b", []]);
  });

  test("fetches short tasks in large batches, and gives back once what is too much when they become long", async () => {
    const { intake, deliver, setPrefetch, givenBack } = await setUp(counting);
    for (let n = 0; n < 10; n += 1) intake.measured(0.01);
    expect(setPrefetch.mock.calls[0]).toEqual([8]);
    deliver(...["a", "b", "c", "d", "e"].map((name) => delivery(name)));
    expect([intake.next()?.token, intake.next()?.token]).toEqual(["a", "b"]);
    intake.stall(1_000);
    expect(givenBack.map(({ token }) => token)).toEqual(["e", "d", "c"]);
    intake.resume();
    expect(setPrefetch.mock.calls.at(-1)).toEqual([2]);
  });
});
