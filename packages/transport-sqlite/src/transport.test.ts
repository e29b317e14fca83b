import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { silentLog, systemClock } from "@lovage/foundation";
import type { Connection, Delivery } from "@lovage/transport";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { message, newPath } from "./test-support/open-store.ts";
import { sqliteTransport, transport } from "./transport.ts";

function closing(connection: Connection): Connection {
  onTestFinished(() => connection.close());
  return connection;
}

describe("the driver", () => {
  it("opens a file by its URL, with options in the query and beside it", async () => {
    const path = join(dirname(newPath()), "new", "queue.db");
    const url = `sqlite://${path}?lease=3s&synchronous=normal&maxMessageBytes=2048`;
    const connection = closing(await sqliteTransport({ url, maxMessageBytes: 4096 }));
    expect(connection.capabilities).toMatchObject({ durability: "process", maxMessageBytes: 4096, reach: "machine" });
    expect(existsSync(path)).toBe(true);
  });

  it("reads in the URL what is not set beside it", async () => {
    const url = `sqlite://${newPath()}?maxMessageBytes=2048`;
    const connection = closing(await sqliteTransport({ url, maxMessageBytes: undefined }));
    expect(connection.capabilities.maxMessageBytes).toBe(2048);
  });

  it.each([
    ["sqlite::memory:", "CONFIGURATION_INVALID"],
    ["sqlite:", "CONFIGURATION_INVALID"],
    ["sqlite:queue.db?leese=3s", "CONFIGURATION_INVALID"],
    ["sqlite:queue.db?lease=soon", "OPTION_INVALID"],
    ["sqlite:queue.db?synchronous=off", "OPTION_INVALID"],
    ["sqlite:queue.db?lease=3s&renewal=3s", "OPTION_INVALID"],
  ])("refuses %s before it makes a file", async (url, code) => {
    await expect(sqliteTransport({ url })).rejects.toMatchObject({ code });
    expect(existsSync("queue.db")).toBe(false);
  });

  it("tells a directory that cannot be made as a broker that cannot be reached", async () => {
    await expect(sqliteTransport({ url: "sqlite:///dev/null/queue.db" })).rejects.toMatchObject({
      code: "TRANSPORT_UNAVAILABLE",
    });
  });

  it("opens a file of another program's and leaves that program's tables alone", async () => {
    const path = newPath();
    const mine = new DatabaseSync(path);
    mine.exec("CREATE TABLE orders (id); INSERT INTO orders VALUES (1)");
    const connection = closing(await sqliteTransport({ url: `sqlite://${path}` }));
    expect(await connection.schema?.plan()).toMatchObject({ statements: [] });
    expect(mine.prepare("SELECT id FROM orders").all()).toEqual([{ id: 1 }]);
    mine.close();
  });

  it("keeps a lease from a helper thread while the event loop is blocked", async () => {
    const url = `sqlite://${newPath()}?lease=1s&sweep=50ms`;
    const told: string[] = [];
    const log = { ...silentLog, debug: (text: string) => void told.push(text) };
    const context = { url, clock: systemClock, log, name: "test", options: {} };
    const worker = closing(await transport.open({ ...context, renewal: "thread" }));
    await worker.declare({ queues: [{ name: "q" }] });
    await worker.publish([message("a")]);
    const deliveries: Delivery[] = [];
    await worker.consume({ queue: "q", prefetch: 1, onDelivery: (delivery) => deliveries.push(delivery) });
    // The thread starts with the first delivery, and needs a moment for its own connection.
    await vi.waitFor(() => expect(told).toContain("The thread that renews leases runs."), { timeout: 20_000 });
    // It sleeps, for a loop that computes would keep a busy machine from its thread.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
    const other = closing(await transport.open(context));
    await other.declare({ queues: [{ name: "q" }] });
    const stolen: Delivery[] = [];
    await other.consume({ queue: "q", prefetch: 1, onDelivery: (delivery) => stolen.push(delivery) });
    await systemClock.sleep(200);
    expect(stolen).toEqual([]);
    expect(deliveries[0]?.signal.aborted).toBe(false);
    await deliveries[0]?.ack();
  });
});
