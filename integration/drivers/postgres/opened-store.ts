import { randomUUID } from "node:crypto";
import { postgresTarget, type PostgresOptions } from "@lovage/client-postgres";
import { silentLog, systemClock, type Clock } from "@lovage/foundation";
import type { RoutedMessage, StoreEvents } from "@lovage/lease-engine";
import { onTestFinished } from "vitest";
import { PostgresStore } from "../../../packages/transport-postgres/src/store.ts";

/** What a store is opened with. */
export interface StoreOpening extends PostgresOptions {
  readonly url: string;
  readonly events?: Partial<StoreEvents>;
  /** @default the machine's */
  readonly clock?: Clock;
}

/** An open store with the queue `q`, in a schema of its own unless one is named. Closed after the test. */
export async function openedStore({
  url,
  events,
  clock = systemClock,
  ...options
}: StoreOpening): Promise<PostgresStore> {
  const schema = options.schema ?? `test-${randomUUID().slice(0, 8)}`;
  const store = new PostgresStore({
    target: postgresTarget(url, { ...options, schema }),
    clock,
    log: silentLog,
    name: "test",
    maxMessageBytes: 262_144,
    isPlain: true,
  });
  onTestFinished(() => store.close());
  await store.open({ wake: () => {}, deliver: () => {}, lost: () => {}, ...events });
  await store.declare([{ name: "q" }]);
  return store;
}

/** A message to the queue `q`. */
export function message(
  id: string,
  rest: Partial<RoutedMessage> & { key?: string; priority?: number } = {},
): RoutedMessage {
  const { key, priority, ...other } = rest;
  const properties = {
    messageId: id,
    contentType: "application/json",
    contentEncoding: "utf-8",
    ...(key === undefined ? {} : { key }),
    ...(priority === undefined ? {} : { priority }),
  };
  return { to: "q", headers: {}, properties, body: Buffer.from("[]"), ...other };
}
