import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";

import { ClusterWire } from "./cluster-wire.ts";
import { redisTarget } from "./redis-options.ts";
import { openFake } from "./test-support/fake-server.ts";

test("a slot that moves is waited for, though each call is sent on by the node that it leaves", async () => {
  const [from, to, clock] = [await openFake(), await openFake(), virtualClock()];
  from.nodes = [from, to];
  // The key is there already, the guard nowhere.
  from.answers["GET"] = `-ASK 5061 127.0.0.1:${to.port}\r\n`;
  to.answers["GET"] = "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";
  const target = redisTarget(from.url, { cluster: true });
  const wire = await ClusterWire.open({ target, clock, log: silentLog, name: "test", onEnd: () => {} });
  onTestFinished(() => wire.close());
  const get = async (): Promise<[reply: unknown, afterMs: number]> => {
    const sinceMs = clock.monotonic();
    let isOver = false;
    const sent = wire.send({ command: "GET", args: ["bar"], key: "bar" }).catch((error: unknown) => error);
    void sent.then(() => (isOver = true));
    for (;;) {
      await expect.poll(() => isOver || clock.pending > 0).toBe(true);
      if (isOver) return [await sent, clock.monotonic() - sinceMs];
      if (clock.monotonic() - sinceMs >= wholeAfterMs) to.answers["GET"] = ":1\r\n";
      await clock.advance(50);
    }
  };
  let wholeAfterMs = Infinity;
  const [refusal, refusedAfterMs] = await get();
  expect(refusal).toMatchObject({ code: "REDIS_FAILED", kind: "moving", retryable: true });
  expect(refusedAfterMs).toBe(2_000);
  wholeAfterMs = 1_500;
  expect(await get()).toEqual([1, 1_550]);
});

test("a heartbeat asks those nodes that are connected, and does not wait for one that is sought in vain", async () => {
  const [alive, silent, clock] = [await openFake(), await openFake(), virtualClock()];
  alive.nodes = [alive, silent];
  silent.isSilent = true;
  const target = redisTarget(alive.url, { cluster: true });
  const opening = ClusterWire.open({ target, clock, log: silentLog, name: "test", onEnd: () => {} });
  await expect.poll(() => silent.heard.length).toBeGreaterThan(0);
  await clock.advance(10_000);
  const wire = await opening;
  onTestFinished(() => wire.close());
  // Its slot is the other node's, which may take ten seconds to be given up.
  const sent = wire.send({ command: "GET", args: ["foo"], key: "foo" }).catch((error: unknown) => error);
  await wire.ping();
  expect(alive.countOf("PING")).toBe(1);
  await clock.advance(10_000);
  expect(await sent).toMatchObject({ code: "REDIS_FAILED", kind: "unavailable" });
});
