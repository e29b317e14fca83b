import { EventEmitter } from "node:events";
import type { AmqpLink, AmqpSession, CallChannel } from "@lovage/client-amqp";
import { ClosedError, silentLog, virtualClock } from "@lovage/foundation";
import type { OutgoingMessage } from "@lovage/transport";
import { expect, test } from "vitest";

import type { DeclaredTopology } from "../topology/declared-topology.ts";
import type { Delays } from "../topology/delays.ts";
import { noMarks } from "../wire/message-codec.ts";
import { Publisher } from "./publisher.ts";

type Confirm = (error: Error | null) => void;

interface Address {
  readonly exchange: string;
  readonly routingKey: string;
}

/** A channel whose broker the test is. */
class FakeChannel extends EventEmitter {
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

class Scene {
  readonly clock = virtualClock();
  readonly channels: FakeChannel[] = [];
  readonly redeclared: string[] = [];
  /** Declaring again waits for it. */
  declared: Promise<void> = Promise.resolve();
  readonly publisher: Publisher;

  constructor() {
    const redeclare = async (name: string): Promise<void> => {
      await this.declared;
      this.redeclared.push(name);
    };
    this.publisher = new Publisher({
      link: { state: "open", session: undefined } as unknown as AmqpLink,
      calls: {} as CallChannel,
      topology: {
        require: () => {},
        formOf: (queue: string) => ({ isReadByCelery: queue === "celery" }),
        hasExchange: () => true,
        redeclare,
        redeclareExchange: redeclare,
      } as unknown as DeclaredTopology,
      delays: { forget: () => {}, forgetQueue: () => {} } as unknown as Delays,
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
      onBlocked: () => {},
      closeChannel: async () => await Promise.resolve(),
      confirmChannel: async () => {
        const channel = new FakeChannel();
        this.channels.push(channel);
        return await Promise.resolve(channel);
      },
    } as unknown as AmqpSession);
    return this;
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

test("what nobody waits for any more is not sent again once its queue has been made again", async () => {
  const scene = new Scene().begin();
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.declared = promise;
  const outcome = scene.publish("one", "mail", 1_000);
  await scene.clock.advance(0);
  scene.channels[0]?.return("one");
  await scene.clock.advance(1_000);
  expect(await outcome).toBe("PUBLISH_TIMEOUT");
  resolve();
  await scene.clock.advance(0);
  expect([scene.redeclared, scene.channels[0]?.sent.length]).toEqual([["mail"], 1]);
  scene.publisher.close();
});

test("an exchange that was declared and may be gone, since it cost the channel, is made again before the next message", async () => {
  const scene = new Scene().begin();
  const to = { exchange: "events", routingKey: "created" };
  const first = scene.publish("one", to);
  await scene.clock.advance(0);
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.declared = promise;
  scene.channels[0]?.emit("error", new Error('Channel closed by server: 404 (NOT-FOUND) with message "no exchange"'));
  scene.channels[0]?.emit("close");
  expect(await first).toBe("PUBLISH_UNCERTAIN");
  await scene.clock.advance(1_000);
  const second = scene.publish("two", to);
  await scene.clock.advance(0);
  expect(scene.channels[1]?.sent).toEqual([]);
  resolve();
  await scene.clock.advance(0);
  scene.channels[1]?.confirms[0]?.(null);
  expect([await second, scene.redeclared]).toEqual(["accepted", ["events"]]);
  scene.publisher.close();
  expect(scene.clock.pending).toBe(0);
});

test("an exchange whose name the protocol has no room for is refused before any I/O", async () => {
  const scene = new Scene().begin();
  const to = { exchange: "x".repeat(300), routingKey: "" };
  expect(await scene.publish("one", to)).toBe("OPTION_INVALID");
  scene.publisher.close();
});

test("headers that go into no table are refused before any I/O for a queue that Celery reads, which would drop the message", () => {
  const { publisher } = new Scene();
  const properties = { messageId: "one", contentType: "application/json", contentEncoding: "utf-8" };
  const check = (to: string, headers: OutgoingMessage["headers"]): void =>
    publisher.check([{ to, properties, headers, body: Buffer.from("[]") }]);
  const long = { ["x".repeat(300)]: 1 };
  check("mail", long);
  expect(() => check("celery", long)).toThrow("Names of headers");
  expect(() => check("celery", { token: "t".repeat(60_000) })).toThrow(
    expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }),
  );
  check("celery", { token: "t".repeat(40_000), nested: { list: [1, null] } });
  publisher.close();
});

test("what belongs to a delivery that is lost while it waits to be written is not written any more", async () => {
  const scene = new Scene();
  const { publisher, clock } = scene;
  const properties = { messageId: "one", contentType: "application/json", contentEncoding: "utf-8" };
  const message = { properties, headers: {}, body: Buffer.from("[]") };
  const held = new AbortController();
  const { signal } = held;
  const publications = [
    publisher.publish([{ ...message, to: "mail" }], { signal }),
    publisher.forward(message, "mail.dead", { marks: noMarks, signal }),
    publisher.renew(message, "mail.held.X", { marks: noMarks, signal }),
  ];
  const outcomes = Promise.allSettled(publications);
  held.abort(new ClosedError('The consumer of queue "mail" is closed.'));
  publications.push(publisher.forward(message, "mail", { marks: noMarks, signal }));
  await expect(publications.at(-1)).rejects.toMatchObject({ code: "CLOSED" });
  scene.begin();
  await clock.advance(1_000);
  expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(scene.channels.map(({ sent }) => sent)).toEqual([[]]);
  publisher.close();
  expect(clock.pending).toBe(0);
});

const json = { contentType: "application/json", contentEncoding: "utf-8" } as const;

test("tells of each message that was accepted, also where the call fails or is given up", async () => {
  const scene = new Scene().begin();
  for (const [refusal, code] of [
    [new Error("message nacked"), "PUBLISH_FAILED"],
    [undefined, "PUBLISH_TIMEOUT"],
  ] as const) {
    const accepted: string[] = [];
    const onAccepted = ({ to }: OutgoingMessage): void => void accepted.push(to as string);
    const batch = ["free", "full"].map((to) => ({
      to,
      properties: { ...json, messageId: to },
      headers: {},
      body: Buffer.from("[]"),
    }));
    const outcome = scene.publisher.publish(batch, { timeoutMs: 100, onAccepted });
    outcome.catch(() => {});
    await scene.clock.advance(0);
    const [free, full] = scene.channels.at(-1)?.confirms.slice(-2) ?? [];
    free?.(null);
    if (refusal !== undefined) full?.(refusal);
    await scene.clock.advance(100);
    await expect(outcome).rejects.toMatchObject({ code });
    expect(accepted).toEqual(["free"]);
  }
  scene.publisher.close();
});
