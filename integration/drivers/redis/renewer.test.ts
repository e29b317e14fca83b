import { systemClock } from "@lovage/foundation";
import { expect, onTestFinished, test, vi } from "vitest";

import { redisTarget } from "@lovage/client-redis";
import { openRenewer, type RenewerOptions } from "../../../packages/transport-redis/src/renewer.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { redisCli } from "../../redis/redis-cli.ts";
import { openedStore } from "./opened-store.ts";
import { redisServer } from "./redis-server.ts";

const leaseMs = 500;

describeOwnServer("redis", (start) => {
  const server = redisServer(start);

  test("a renewer keeps leases on a connection of its own, also after a restart of the server", async () => {
    const { store } = openedStore(server().url);
    onTestFinished(() => store.close());
    const events = { wake: () => {}, deliver: () => {}, lost: () => {} };
    await store.open(events);
    await store.declare([{ name: "q" }]);
    const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8" };
    await store.publish([{ to: "q", headers: {}, properties, body: Buffer.from("a") }]);
    const { messages } = await store.claim({ queue: "q", max: 1, leaseMs, suspects: false });
    const leases = messages.map(({ lease }) => lease);
    const options: RenewerOptions = { target: redisTarget(server().url, {}), prefix: "lovage", name: "renewer" };
    // As a thread is sent it.
    const renewer = await openRenewer(structuredClone(options), () => systemClock.monotonic());
    onTestFinished(() => renewer.close());
    expect(await renewer.extend("q", leases, 60_000)).toBeNull();
    await systemClock.sleep(leaseMs + 100);
    const sweep = { queues: ["q"], suspectAfter: 2, max: 10 };
    expect(await store.sweep(sweep)).toEqual({ recovered: 0, more: false });
    await server().kill();
    await server().start();
    // Several queues at once, as the thread does, on one connection.
    const extendBoth = (): Promise<unknown[]> =>
      Promise.all(["q", "r"].map((queue) => renewer.extend(queue, leases, 60_000)));
    await vi.waitUntil(async () => (await extendBoth().catch(() => [undefined]))[0] === null);
    const clients = await redisCli(server(), "client", "list");
    expect(clients.split("\n").filter((client) => client.includes("renewer"))).toHaveLength(1);
    await store.open(events);
    await store.settle("q", [{ kind: "ack", lease: leases[0] ?? { id: 0, fence: 0 } }]);
    expect(await renewer.extend("q", leases, 60_000)).toEqual({ lost: leases });
  });
});
