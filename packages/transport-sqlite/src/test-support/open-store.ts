import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { silentLog, systemClock, type Clock } from "@lovage/foundation";
import type { ClaimedMessage, LeaseStore, RoutedMessage } from "@lovage/lease-engine";
import { onTestFinished } from "vitest";

import { SqliteStore } from "../store.ts";

/** A path in a directory of its own for one test, removed after it. */
export function newPath(): string {
  const directory = mkdtempSync(join(tmpdir(), "lovage-sqlite-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "queue.db");
}

/** An open store with a queue `q`, closed after the test. `woken` has each queue it was woken for. */
export async function openStore(options: { path?: string; clock?: Clock } = {}): Promise<{
  store: SqliteStore;
  path: string;
  woken: (string | undefined)[];
  lost: Error[];
}> {
  const { path = newPath(), clock = systemClock } = options;
  const store = new SqliteStore({ path, clock, log: silentLog, synchronous: "full", maxMessageBytes: 262_144 });
  const woken: (string | undefined)[] = [];
  const lost: Error[] = [];
  onTestFinished(() => store.close());
  await store.open({ wake: (queue) => woken.push(queue), deliver: () => {}, lost: (cause) => lost.push(cause) });
  await store.declare([{ name: "q" }]);
  return { store, path, woken, lost };
}

/** A small message for the queue `q`, known by its id. */
export function message(
  id: string,
  options: Partial<RoutedMessage> & { key?: string; priority?: number } = {},
): RoutedMessage {
  const { key, priority, ...rest } = options;
  return {
    to: "q",
    headers: { task: "shop.add" },
    properties: {
      messageId: id,
      contentType: "application/json",
      contentEncoding: "utf-8",
      ...(key === undefined ? {} : { key }),
      ...(priority === undefined ? {} : { priority }),
    },
    body: Buffer.from("[]"),
    ...rest,
  };
}

/** Claims ordinary messages of `q`. */
export async function take(store: LeaseStore, max = 100, leaseMs = 30_000): Promise<readonly ClaimedMessage[]> {
  return (await store.claim({ queue: "q", max, leaseMs, suspects: false })).messages;
}

/** The ids of messages, in order. */
export function idsOf(messages: readonly ClaimedMessage[]): string[] {
  return messages.map(({ message: { properties } }) => properties.messageId);
}
