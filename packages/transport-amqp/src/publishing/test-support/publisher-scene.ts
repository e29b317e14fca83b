import { EventEmitter } from "node:events";
import type { AmqpLink, AmqpSession, CallChannel } from "@lovage/client-amqp";
import { silentLog, virtualClock } from "@lovage/foundation";
import type { OutgoingMessage } from "@lovage/transport";

import type { DeclaredTopology } from "../../topology/declared-topology.ts";
import type { Delays } from "../../topology/delays.ts";
import { Publisher } from "../publisher.ts";

type Confirm = (error: Error | null) => void;

interface Address {
  readonly exchange: string;
  readonly routingKey: string;
}

/** A channel whose broker the test is. */
export class FakeChannel extends EventEmitter {
  readonly sent: Address[] = [];
  readonly confirms: Confirm[] = [];

  sendMessage({ exchange, routingKey }: Address): boolean {
    this.sent.push({ exchange, routingKey });
    return true;
  }

  pushConfirmCallback(confirm: Confirm): void {
    this.confirms.push(confirm);
  }

  /** No queue takes the latest message. */
  return(messageId: string): void {
    this.emit("return", { fields: this.sent.at(-1), properties: { messageId } });
    this.confirms.at(-1)?.(null);
  }
}

/** A publisher, and a broker that the test plays. */
export class Scene {
  readonly clock = virtualClock();
  readonly channels: FakeChannel[] = [];
  readonly redeclared: string[] = [];
  /** An alarm is on. */
  isBlocked = false;
  #onBlocked: (isBlocked: boolean) => void = () => {};
  /** Makes the way of a delayed message. */
  make: () => Promise<boolean> = async () => await Promise.resolve(true);
  /** Declaring again waits for it. */
  declared: Promise<void> = Promise.resolve();
  readonly publisher: Publisher;

  constructor() {
    const redeclare = async (name: string): Promise<void> => {
      await this.declared;
      this.redeclared.push(name);
    };
    const session = Object.defineProperty({}, "isBlocked", { get: () => this.isBlocked });
    const way = { exchange: "ladder", headers: {}, restMs: 0 };
    this.publisher = new Publisher({
      link: { state: "open", session } as unknown as AmqpLink,
      calls: {} as CallChannel,
      topology: {
        require: () => {},
        formOf: (queue: string) => ({ isReadByCelery: queue === "celery" }),
        hasExchange: () => true,
        redeclare,
        redeclareExchange: redeclare,
      } as unknown as DeclaredTopology,
      delays: {
        forget: () => {},
        forgetQueue: () => {},
        route: (routingKey: string) => ({ ...way, routingKey, isMade: () => false, make: () => this.make() }),
      } as unknown as Delays,
      clock: this.clock,
      log: silentLog,
      limits: { maxMessageBytes: 262_144, delayHorizonMs: Infinity },
    });
  }

  /** The broker is there. */
  begin(): this {
    this.publisher.use({
      ended: new AbortController().signal,
      isBlocked: false,
      onBlocked: (listener: (isBlocked: boolean) => void) => (this.#onBlocked = listener),
      closeChannel: async () => await Promise.resolve(),
      confirmChannel: async () => {
        const channel = new FakeChannel();
        this.channels.push(channel);
        return await Promise.resolve(channel);
      },
    } as unknown as AmqpSession);
    return this;
  }

  endAlarm(): void {
    this.isBlocked = false;
    this.#onBlocked(false);
  }

  /** Publishes one message; gives the code of what it failed by, or "accepted". */
  async publish(messageId: string, to: OutgoingMessage["to"], timeoutMs = 30_000): Promise<unknown> {
    const properties = { messageId, contentType: "application/json", contentEncoding: "utf-8" };
    try {
      await this.publisher.publish([{ to, properties, headers: {}, body: Buffer.from("[]") }], { timeoutMs });
      return "accepted";
    } catch (error) {
      return (error as { readonly code: unknown }).code;
    }
  }
}

export function followUp(to: string): OutgoingMessage {
  const properties = { messageId: to, contentType: "application/json", contentEncoding: "utf-8" };
  return { to, properties, headers: {}, body: Buffer.from("[]") };
}
