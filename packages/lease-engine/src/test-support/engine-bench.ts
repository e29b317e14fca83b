import type { Clock, Log, LovageError, VirtualClock } from "@lovage/foundation";
import { silentLog, virtualClock } from "@lovage/foundation";
import type { Connection, ConnectionState, ConsumeOptions, Delivery, OutgoingMessage } from "@lovage/transport";
import { TransportUnavailableError } from "@lovage/transport";

import { openLeaseConnection } from "../open-lease-connection.ts";
import { leaseSettings } from "../settings.ts";
import type { BindingStore, StoreFacts } from "../store.ts";
import { ScriptedStore } from "./scripted-store.ts";

/** An engine over a scripted store, under a virtual clock: lease 3 s unless told otherwise, renewal at a third of it, sweep 500 ms. */
export interface EngineBench {
  readonly clock: VirtualClock;
  readonly store: ScriptedStore;
  readonly connection: Connection;
  readonly states: ConnectionState[];
  /** All deliveries that consumers of `consume` were handed, in order. */
  readonly deliveries: Delivery[];
  /** Declares the queue and consumes it. */
  consume(options?: Partial<ConsumeOptions>): ReturnType<Connection["consume"]>;
}

/** What a bench may differ in. */
export interface BenchOptions {
  readonly facts?: Partial<StoreFacts>;
  /** Where exchanges are kept. @default in this process */
  readonly bindings?: BindingStore;
  /** In ms. @default 3_000 */
  readonly lease?: number;
  /** The engine's clock, given the store's. */
  readonly clockOf?: (clock: VirtualClock) => Clock;
  /** @default silent */
  readonly log?: Log;
}

export async function engineBench({
  facts = {},
  bindings,
  lease = 3_000,
  clockOf = (clock) => clock,
  log = silentLog,
}: BenchOptions = {}): Promise<EngineBench> {
  const clock = virtualClock();
  const store = new ScriptedStore(clock, facts, bindings);
  const states: ConnectionState[] = [];
  const deliveries: Delivery[] = [];
  const connection = await openLeaseConnection({
    store,
    opening: { clock: clockOf(clock), log, name: "test", onState: (state) => void states.push(state) },
    settings: leaseSettings({ lease, sweep: 500 }),
  });
  await connection.declare({ queues: [{ name: "q" }] });
  return {
    clock,
    store,
    connection,
    states,
    deliveries,
    consume: async (options = {}) => {
      const consumer = await connection.consume({
        queue: "q",
        prefetch: 10,
        onDelivery: (delivery) => void deliveries.push(delivery),
        ...options,
      });
      await clock.advance(0);
      return consumer;
    },
  };
}

export function messageOf(messageId: string, rest: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const properties = { messageId, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to: "q", headers: {}, properties, body: new Uint8Array(), ...rest };
}

export function idOf({ message }: Delivery): string {
  return message.properties.messageId;
}

/** What a promise has come to so far. */
export function outcomeOf(promise: Promise<unknown>): { readonly state: string } {
  const outcome = { state: "pending" };
  promise.then(
    () => (outcome.state = "resolved"),
    (error: unknown) => (outcome.state = (error as LovageError).code),
  );
  return outcome;
}

/** Throws what a store throws that cannot be reached. */
export function unavailable(): never {
  throw new TransportUnavailableError("The broker is away.");
}

/** Never answers. */
export async function hang(): Promise<never> {
  return await new Promise<never>(() => {});
}
