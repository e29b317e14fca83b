import { describe, expect, it } from "vitest";

import { readArrival, type Arrival } from "../message/arrival.ts";
import { LeaseTable } from "./lease-table.ts";
import { SharedHandles } from "./shared-handles.ts";

function arrival(handle = "h"): Arrival {
  return readArrival("q", { MessageId: "m", ReceiptHandle: handle, Body: "e30=" }, 0);
}

function tables(): { readonly table: LeaseTable; readonly thread: SharedHandles } {
  const table = new LeaseTable();
  return { table, thread: new SharedHandles(table.handles.buffer) };
}

describe("LeaseTable", () => {
  it("holds what the helper thread has prolonged, beside what the loop has", () => {
    const { table, thread } = tables();
    const { lease } = table.add("q", arrival(), 1_000);
    expect(table.find(lease, 999)).toBeDefined();
    thread.prolong(thread.read(lease.id)!, 5_000);
    table.sweep(64_000);
    expect(table.find(lease, 4_999)).toBeDefined();
    expect(table.find(lease, 5_000)).toBeUndefined();
    expect(thread.read(lease.id)).toBeUndefined();
  });

  it("lets go of what the helper thread found lost, so that it is new when it comes again", () => {
    const { table, thread } = tables();
    const { lease } = table.add("q", arrival(), 1_000);
    thread.prolong(thread.read(lease.id)!, -Infinity);
    expect(table.findCopy("m", 10)).toBeUndefined();
    expect(table.find(lease, 10)).toBeUndefined();
  });

  it("hands the newest handle to the helper thread, and keeps what that did by the one before", () => {
    const { table, thread } = tables();
    const held = table.add("q", arrival("old"), 1_000);
    thread.prolong(thread.read(held.lease.id)!, 5_000);
    table.replaceHandle(held, "new");
    expect(thread.read(held.lease.id)?.handle).toBe("new");
    expect(table.find(held.lease, 4_999)?.arrival.handle).toBe("new");
  });

  it("remembers a settled one for as long as the helper thread had prolonged it", () => {
    const { table, thread } = tables();
    const held = table.add("q", arrival(), 1_000);
    thread.prolong(thread.read(held.lease.id)!, 5_000);
    table.remove(held);
    table.remember([held]);
    table.sweep(4_000);
    expect(table.wasSettled(held.lease)).toBe(true);
    table.sweep(5_000);
    expect(table.wasSettled(held.lease)).toBe(false);
  });
});
