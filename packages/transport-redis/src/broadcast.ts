import { randomUUID } from "node:crypto";

import type { RedisConnection } from "@lovage/client-redis";
import type { Log } from "@lovage/foundation";
import { decodeEnvelope, encodeEnvelope } from "@lovage/lease-engine";
import type { Broadcast, Message, Subscription } from "@lovage/transport";

import { asTransport } from "./errors.ts";

/** What broadcasts work with. The connection changes when it is opened anew. */
export interface BroadcastContext {
  readonly connection: () => RedisConnection;
  readonly log: Log;
  /** Kombu's name for a channel. */
  readonly nameOf: (channel: string) => string;
}

interface Listener {
  readonly channel: string;
  readonly hear: (channel: string, payload: Buffer) => void;
  close: () => void;
}

/** Broadcasts by pub/sub, in Kombu's form: a channel is a fanout exchange, so Python's programs hear them and are heard. */
export class RedisBroadcast implements Broadcast {
  readonly #context: BroadcastContext;
  readonly #listeners = new Set<Listener>();

  constructor(context: BroadcastContext) {
    this.#context = context;
  }

  publish(channel: string, message: Message): Promise<void> {
    return asTransport(async () => {
      const envelope = encodeEnvelope(message, { exchange: channel, routingKey: "" });
      await this.#context.connection().call("PUBLISH", [this.#context.nameOf(channel), envelope]);
    });
  }

  subscribe(channel: string, listener: (message: Message) => void): Promise<Subscription> {
    return asTransport(async () => {
      const one: Listener = { channel, hear: (_, payload) => this.#hear(channel, payload, listener), close: () => {} };
      this.#listeners.add(one);
      try {
        await this.#listen(one);
      } catch (error) {
        this.#listeners.delete(one);
        throw error;
      }
      return {
        close: async () => {
          this.#listeners.delete(one);
          one.close();
        },
      };
    });
  }

  /** After the connection was opened anew: listens on the new one. */
  async resume(): Promise<void> {
    // Those that come while it does so listen on the new one by themselves.
    const known = [...this.#listeners];
    for (const one of known) await this.#listen(one);
  }

  async #listen(one: Listener): Promise<void> {
    const subscription = await this.#context.connection().subscribe([this.#context.nameOf(one.channel)], one.hear);
    // It may have been closed meanwhile.
    if (this.#listeners.has(one)) one.close = () => subscription.close();
    else subscription.close();
  }

  #hear(channel: string, payload: Buffer, listener: (message: Message) => void): void {
    const message = decodeEnvelope(payload.toString(), randomUUID());
    if (message === undefined) this.#context.log.debug("A broadcast is no message of Kombu's form.", { channel });
    else listener(message);
  }
}
