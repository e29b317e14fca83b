import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { silentLog, virtualClock } from "@lovage/foundation";
import type { VirtualClock } from "@lovage/foundation";
import { beforeEach, describe, expect, test } from "vitest";
import type { Report } from "../http/report.ts";
import { noMetrics } from "../http/worker-metrics.ts";
import type { Order } from "./channel.ts";
import { Supervisor } from "./supervisor.ts";

/** A process as its parent sees it. */
class FakeProcess extends EventEmitter {
  readonly pid = 4242;
  readonly orders: Order[] = [];
  connected = true;
  done = 0;
  answers = true;
  signal: string | undefined;

  send(order: Order): void {
    this.orders.push(order);
    if (order.lovage !== "report" || !this.answers) return;
    const verdict = { ok: true, reasons: [] };
    const tasks = [{ task: "t", outcome: "success", count: this.done }];
    const report = { live: verdict, ready: verdict, metrics: { ...noMetrics, processes: 1, tasks } };
    this.emit("message", { lovage: "report", id: order.id, report });
  }

  start(): void {
    this.emit("message", { lovage: "started" });
  }

  kill(signal: string): void {
    this.signal = signal;
    this.end(null);
  }

  end(code: number | null): void {
    this.connected = false;
    this.emit("exit", code, code === null ? "SIGKILL" : null);
  }
}

const reasons = (seconds: number): readonly string[] => [
  `process 2: no answer for ${seconds} s: its event loop is blocked`,
];

let clock: VirtualClock;
let made: FakeProcess[];
let supervisor: Supervisor;

beforeEach(() => {
  clock = virtualClock();
  made = [];
  supervisor = new Supervisor({
    count: 2,
    clock,
    log: silentLog,
    random: () => 1,
    fork: () => {
      const child = new FakeProcess();
      made.push(child);
      return child as unknown as ChildProcess;
    },
  });
  supervisor.start();
});

describe("running", () => {
  test("one process for each place is made at once", () => {
    expect(made).toHaveLength(2);
  });

  test("a process that ends is replaced, later and later while it lives shortly", async () => {
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      const before = made.length;
      made.findLast((child) => child.connected && child !== made[1])?.end(1);
      await clock.advance(waitMs - 1);
      expect(made).toHaveLength(before);
      await clock.advance(1);
      expect(made).toHaveLength(before + 1);
    }
  });

  test("the back-off begins anew after a minute of life", async () => {
    made[0]?.end(1);
    await clock.advance(1_000);
    await clock.advance(60_000);
    made[2]?.end(null);
    await clock.advance(1_000);
    expect(made).toHaveLength(4);
  });
});

describe("reports", () => {
  test("it is ready when every process has started", async () => {
    expect((await supervisor.report()).ready).toEqual({
      ok: false,
      reasons: ["process 1 is starting", "process 2 is starting"],
    });
    for (const child of made) child.start();
    expect((await supervisor.report()).ready).toEqual({ ok: true, reasons: [] });
  });

  test("a process that does not answer within a second is not ready, and after a minute without an answer not live", async () => {
    for (const child of made) child.start();
    const asked = async (): Promise<Report> => {
      const report = supervisor.report();
      await clock.advance(1_000);
      return await report;
    };
    made[1]!.answers = false;
    expect(await asked()).toMatchObject({ live: { ok: true }, ready: { ok: false, reasons: reasons(1) } });
    await clock.advance(57_000);
    expect(await asked()).toMatchObject({ live: { ok: true }, ready: { ok: false, reasons: reasons(59) } });
    expect(await asked()).toMatchObject({ live: { ok: false, reasons: reasons(60) }, ready: { ok: false } });
    made[1]!.answers = true;
    expect(await asked()).toMatchObject({ live: { ok: true }, ready: { ok: true } });
    made[1]!.answers = false;
    expect(await asked()).toMatchObject({ live: { ok: true }, ready: { ok: false, reasons: reasons(1) } });
  });

  test("a process that is being replaced makes it not ready, but live; its counts are kept", async () => {
    for (const child of made) child.start();
    made[0]!.done = 3;
    made[1]!.done = 4;
    expect((await supervisor.report()).metrics.tasks).toEqual([{ task: "t", outcome: "success", count: 7 }]);
    made[0]!.end(null);
    const { live, ready, metrics } = await supervisor.report();
    expect([live.ok, ready.ok]).toEqual([true, false]);
    expect(metrics).toMatchObject({ processes: 1, tasks: [{ task: "t", outcome: "success", count: 7 }] });
  });
});

describe("stopping", () => {
  test("tells every process, replaces none, and ends well when all have", async () => {
    supervisor.stop(25_000);
    for (const child of made) expect(child.orders).toEqual([{ lovage: "stop", graceMs: 25_000 }]);
    for (const child of made) child.end(0);
    expect(await supervisor.ended).toBe(true);
    await clock.advance(60_000);
    expect(made).toHaveLength(2);
  });

  test("starts nobody who was waiting to be replaced", async () => {
    made[0]?.end(1);
    supervisor.stop(1_000);
    made[1]?.end(0);
    expect(await supervisor.ended).toBe(true);
    await clock.advance(60_000);
    expect(made).toHaveLength(2);
  });

  test("ends badly when a process does", async () => {
    supervisor.stop(1_000);
    made[0]?.end(0);
    made[1]?.end(1);
    expect(await supervisor.ended).toBe(false);
  });

  test("kills what does not end within the grace and five seconds", async () => {
    supervisor.stop(1_000);
    made[0]?.end(0);
    await clock.advance(5_999);
    expect(made[1]?.signal).toBeUndefined();
    await clock.advance(1);
    expect(made[1]?.signal).toBe("SIGKILL");
    expect(await supervisor.ended).toBe(false);
  });
});

describe("leaving", () => {
  test("tells every process to leave and kills those left after 0.4 s", async () => {
    supervisor.stop(25_000);
    supervisor.leave();
    for (const child of made) expect(child.orders.at(-1)).toEqual({ lovage: "leave" });
    made[0]?.end(1);
    await clock.advance(400);
    expect(made[1]?.signal).toBe("SIGKILL");
    expect(await supervisor.ended).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
