import { LovageError, silentLog, systemClock, virtualClock } from "@lovage/foundation";
import type { Log } from "@lovage/foundation";
import type { Connection, Delivery } from "@lovage/transport";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { LeaseDelivery } from "../delivery.ts";
import { openLeaseConnection } from "../open-lease-connection.ts";
import { leaseSettings } from "../settings.ts";
import { callsAt, closedAt, diesAt, idAt, losesAt } from "../test-support/recording-renewer.ts";
import { hang } from "../test-support/engine-bench.ts";
import { ScriptedStore } from "../test-support/scripted-store.ts";
import { RenewalThread } from "./renewal-thread.ts";

const settings = leaseSettings({ lease: 400, sweep: 10_000 });
let connection: Connection | undefined;

afterEach(async () => await connection?.close());

/** One held message, its lease renewed by a real thread under the real clock. */
async function threadBench(
  log: Log = silentLog,
): Promise<{ readonly store: ScriptedStore; readonly counters: Int32Array; readonly delivery: Delivery }> {
  const shared = new SharedArrayBuffer(32);
  const url = new URL("../test-support/recording-renewer.ts", import.meta.url).href;
  const store = new ScriptedStore(systemClock, { renewal: { url, options: { counters: shared } } });
  // The renewals of the thread do not reach this store: it must not take the message back.
  store.always("sweep", hang);
  const opening = { clock: systemClock, log, name: "test", renewal: "thread" } as const;
  const opened = await openLeaseConnection({ store, opening, settings });
  connection = opened;
  await opened.declare({ queues: [{ name: "q" }] });
  store.put("q", ["a"]);
  const delivery = await new Promise<Delivery>((resolve, reject) => {
    opened.consume({ queue: "q", prefetch: 1, onDelivery: resolve }).catch(reject);
  });
  const counters = new Int32Array(shared);
  await vi.waitFor(() => expect(counters[callsAt]).toBeGreaterThan(0), { timeout: 20_000, interval: 5 });
  return { store, counters, delivery };
}

/** Blocks the event loop as user code does that computes, or calls something synchronous. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe("the renewal thread", () => {
  it("keeps leases while the event loop is blocked for several of them", async () => {
    const { counters, delivery } = await threadBench();
    const before = counters[callsAt] ?? 0;
    const calls = (): number => (counters[callsAt] ?? 0) - before;
    block(3 * settings.leaseMs);
    // A busy machine may keep the thread waiting, too; but not for long.
    for (let waitedMs = 0; calls() < 5 && waitedMs < 20_000; waitedMs += 10) block(10);
    expect(calls()).toBeGreaterThanOrEqual(5);
    expect(counters[idAt]).toBe(1);
    await systemClock.sleep(settings.leaseMs / 4);
    expect(delivery.signal.aborted).toBe(false);
    await delivery.ack();
  });

  it("tells at once of a lease that is lost", async () => {
    const { counters, delivery } = await threadBench();
    Atomics.store(counters, losesAt, 1);
    await vi.waitFor(() => expect(delivery.signal.aborted).toBe(true), { timeout: 20_000, interval: 5 });
    await expect(delivery.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
  });

  it("is replaced by the loop when it dies, and started again", async () => {
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (message) => void warnings.push(message) };
    const { store, counters, delivery } = await threadBench(log);
    Atomics.store(counters, diesAt, 1);
    // A busy machine adds warnings of its own, that the event loop was blocked.
    const told = (): string[] => warnings.filter((text) => text.startsWith("The thread that renews leases"));
    await vi.waitFor(() => expect(told()).toEqual([expect.stringContaining("it is started again")]), {
      timeout: 20_000,
      interval: 5,
    });
    const renewals = store.callsOf("extend").length;
    await vi.waitFor(() => expect(store.callsOf("extend").length).toBeGreaterThan(renewals), {
      timeout: 20_000,
      interval: 5,
    });
    const calls = counters[callsAt] ?? 0;
    await vi.waitFor(() => expect(counters[callsAt]).toBeGreaterThan(calls), { timeout: 20_000, interval: 5 });
    expect(delivery.signal.aborted).toBe(false);
  });

  it("keeps what it knows of a lease that is given back: one that it renewed has not ended, and the release is repeated", async () => {
    const { store, counters } = await threadBench();
    const isOlderThanLease = (): boolean => (counters[callsAt] ?? 0) * settings.renewEveryMs * 0.75 > settings.leaseMs;
    await vi.waitFor(() => expect(isOlderThanLease()).toBe(true), { timeout: 20_000, interval: 5 });
    store.next("settle", () => {
      throw new LovageError("busy", { code: "BUSY", retryable: true });
    });
    await connection?.close();
    expect(store.settled.map(({ kind }) => kind)).toEqual(["release"]);
  });

  it("leaves what is settled alone, and closes its store when the connection closes", async () => {
    const { counters, delivery } = await threadBench();
    await delivery.ack();
    await connection?.close();
    expect(counters[closedAt]).toBe(1);
    const calls = counters[callsAt];
    await systemClock.sleep(settings.leaseMs);
    expect(counters[callsAt]).toBe(calls);
  });

  it("is tried again every few seconds while its store is away, however long that takes", async () => {
    const [clock, waits, told] = [virtualClock(), [] as number[], Promise.withResolvers<void>()];
    const note = (_: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      waits.push(Number(fields["waitMs"]));
      if (waits.length === 7) return told.resolve();
      // The timer is set once this line is written.
      setImmediate(() => void clock.advance(60_000));
    };
    const module = { url: "data:text/javascript,throw new Error('away')", options: {} };
    const log: Log = { ...silentLog, warn: note, debug: note };
    const thread = new RenewalThread({ module, settings, maxBatch: 1, clock, log });
    thread.add({ queue: "q", lease: { id: 1, fence: 1 }, confirmedAtMs: 0 } as LeaseDelivery);
    await told.promise;
    await thread.close();
    expect(Math.max(...waits)).toBeLessThanOrEqual(5_000);
  });
});
