import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";

import { ClusterWire } from "./cluster-wire.ts";
import { redisTarget } from "./redis-options.ts";
import { openFake } from "./test-support/fake-server.ts";

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
