import { Multimap, Once } from "@lovage/foundation";
import type { Redis } from "ioredis";

import { hangUp } from "./hang-up.ts";

/** Told of what is published. `payload` is a buffer of its own. */
export type ChannelListener = (channel: string, payload: Buffer) => void;

/** Told of keys that have changed; `undefined`: any may have. Must not throw. */
export type KeyListener = (keys: readonly string[] | undefined) => void;

/** Where the server tells, in the second version of its protocol, of changed keys that were watched. */
const invalidations = "__redis__:invalidate";

/** A running subscription. */
export interface ChannelSubscription {
  /** Further channels for the same listener. Resolves once nothing of them is missed. */
  add(channels: readonly string[]): Promise<void>;
  /** The listener is not told of these any more. Others pass over. */
  remove(channels: readonly string[]): void;
  /** Resolves once the server sends nothing more; until then the listener is told. @throws what the client says */
  end(): Promise<void>;
  /** Idempotent. The listener is not called any more. */
  close(): void;
}

/** Channels of one client in subscriber mode, each with any number of listeners. */
export class Subscriptions {
  readonly #open: () => Promise<Redis>;
  readonly #byChannel = new Multimap<string, ChannelListener>();
  /** One that could not be opened is not the answer for ever. */
  readonly #client = new Once(() => this.#start());
  #opened: Redis | undefined;
  #id: unknown;
  #onKeys: KeyListener | undefined;
  /** A heartbeat has not been answered yet. */
  #isAsked = false;
  #isClosed = false;

  /** @param open Connects a further client; called when the first channel is subscribed to. */
  constructor(open: () => Promise<Redis>) {
    this.#open = open;
  }

  async add(channels: readonly string[], listener: ChannelListener): Promise<ChannelSubscription> {
    // A function of our own: the same listener may subscribe twice.
    const hear: ChannelListener = (channel, payload) => listener(channel, payload);
    const mine = new Set<string>();
    let isOpen = true;
    const add = async (more: readonly string[]): Promise<void> => {
      if (!isOpen) return;
      const fresh = more.filter((channel) => !mine.has(channel));
      for (const channel of fresh) mine.add(channel);
      try {
        await this.#listen(more, hear);
      } catch (error) {
        for (const channel of fresh) mine.delete(channel);
        this.#forget(fresh, hear);
        throw error;
      }
    };
    await add(channels);
    return {
      add,
      remove: (some) => {
        for (const channel of some) mine.delete(channel);
        this.#forget(some, hear);
      },
      end: async () => {
        isOpen = false;
        const last = [...mine].filter((channel) => this.#byChannel.get(channel)?.size === 1);
        if (last.length > 0) await this.#opened?.unsubscribe(...last);
      },
      close: () => {
        isOpen = false;
        this.#forget(mine, hear);
      },
    };
  }

  /**
   * Hears of changed keys that another connection watches.
   * @returns what that connection has to name (`CLIENT TRACKING … REDIRECT`); `undefined` where the server does not tell it
   */
  async hearKeys(listener: KeyListener): Promise<number | undefined> {
    this.#onKeys = listener;
    await this.#listen([invalidations], () => {});
    return typeof this.#id === "number" ? this.#id : undefined;
  }

  /** Resolves when the client has answered; at once while there is none. @throws what the client says */
  async ping(): Promise<void> {
    this.#isAsked = true;
    try {
      await this.#opened?.ping();
    } finally {
      this.#isAsked = false;
    }
  }

  /** Ends the client if it owes the answer to a {@link ping}: calls under way fail at once. */
  dropSilent(): void {
    if (this.#isAsked && this.#opened !== undefined) hangUp(this.#opened);
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#byChannel.clear();
    this.#opened?.disconnect();
  }

  async #listen(channels: readonly string[], listener: ChannelListener): Promise<void> {
    for (const channel of channels) this.#byChannel.add(channel, listener);
    if (channels.length === 0) return;
    const client = await this.#client.run();
    // Also where another listener has subscribed already: its answer may be on its way still.
    await client.subscribe(...channels);
  }

  async #start(): Promise<Redis> {
    const client = await this.#open();
    this.#opened = client;
    if (this.#isClosed) client.disconnect();
    // Once it has subscribed it cannot be asked any more. A user whose ACL forbids it goes without.
    this.#id = await client.call("CLIENT", "ID").catch(() => undefined);
    client.on("messageBuffer", (channel: Buffer, payload: Buffer | Buffer[] | null) => {
      const name = channel.toString();
      if (name === invalidations) return this.#onKeys?.(Array.isArray(payload) ? payload.map(String) : undefined);
      if (!Buffer.isBuffer(payload)) return;
      for (const listener of this.#byChannel.get(name)) listener(name, payload);
    });
    return client;
  }

  #forget(channels: Iterable<string>, listener: ChannelListener): void {
    const idle = [...channels].filter((channel) => this.#byChannel.delete(channel, listener));
    if (idle.length === 0 || this.#isClosed) return;
    // A channel that nobody listens to costs little; the end of the connection ends it as well.
    this.#opened?.unsubscribe(...idle).catch(() => {});
  }
}
