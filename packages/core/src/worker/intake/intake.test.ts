import { virtualClock } from "@lovage/foundation";
import type { Connection, ConsumeOptions, Consumer, Delivery } from "@lovage/transport";
import { describe, expect, test, vi } from "vitest";
import { Intake } from "./intake.ts";

/** An intake over a consumer that does what the test does. */
const setUp = async ({ isSlow = false } = {}) => {
  const opening = Promise.withResolvers<void>();
  if (!isSlow) opening.resolve();
  const close = vi.fn<Consumer["close"]>(async () => {});
  const setPrefetch = vi.fn<Consumer["setPrefetch"]>();
  let consuming: ConsumeOptions | undefined;
  const connection = {
    consume: async (options: ConsumeOptions) => {
      consuming = options;
      await opening.promise;
      return { queue: "q", prefetch: options.prefetch, unsettled: 0, close, setPrefetch } satisfies Consumer;
    },
  } as unknown as Connection;
  const givenBack: Delivery[] = [];
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
    deliveries.forEach((delivery) => consuming?.onDelivery(delivery));
  return { intake, opened, opening, close, setPrefetch, deliver, givenBack };
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
});
