import { EventEmitter } from "node:events";
import { silentLog, virtualClock } from "@lovage/foundation";
import type { ConfirmChannel } from "amqplib";
import { expect, test } from "vitest";
import type { AmqpSession } from "./amqp-session.ts";
import { ConfirmPublisher } from "./confirm-publisher.ts";
import type { Posting } from "./posting.ts";

type Confirm = (error: Error | null) => void;

/** A channel whose confirms the test gives. */
class Channel extends EventEmitter {
  readonly sent: { readonly key: string; readonly confirm: Confirm }[] = [];
  #key = "";
  sendMessage({ routingKey }: { readonly routingKey: string }): boolean {
    this.#key = routingKey;
    return true;
  }
  pushConfirmCallback(confirm: Confirm): void {
    this.sent.push({ key: this.#key, confirm });
  }
}

class Scene {
  readonly clock = virtualClock();
  readonly channels: Channel[] = [];
  readonly closed: unknown[] = [];
  readonly outcomes: string[] = [];
  /** Else channels that are to be closed end when the test says so. */
  endsAtOnce = true;
  readonly publisher = new ConfirmPublisher({ clock: this.clock, log: silentLog });
  readonly #ended = new AbortController();

  constructor() {
    this.publisher.use({
      where: "broker:5672",
      ended: this.#ended.signal,
      isBlocked: false,
      onBlocked: () => {},
      confirmChannel: async () => {
        const channel = new Channel();
        this.channels.push(channel);
        return await Promise.resolve(channel as unknown as ConfirmChannel);
      },
      closeChannel: async (channel: unknown) => {
        this.closed.push(channel);
        if (this.endsAtOnce) (channel as Channel).emit("close");
        await Promise.resolve();
      },
    } as unknown as AmqpSession);
  }

  async post(...ids: readonly string[]): Promise<void> {
    this.publisher.post(
      ids.map((id): Posting => {
        const done: Posting["done"] = (error) => void this.outcomes.push(`${id} ${error?.kind ?? "accepted"}`);
        const properties = { messageId: id, deliveryMode: 2 } as const;
        return { exchange: "", routingKey: id, properties, body: Buffer.from(id), state: "waiting", done };
      }),
    );
    await this.clock.advance(0);
  }

  /** What each channel was given, in order. */
  get sent(): readonly string[] {
    return this.channels.map(({ sent }) => sent.map(({ key }) => key).join(" "));
  }

  async confirm(channel: number, message: number, error: Error | null = null): Promise<void> {
    this.channels[channel]?.sent[message]?.confirm(error);
    await this.clock.advance(0);
  }
}

const nack = new Error("message nacked");

test("a refusal has its channel replaced once all that is on its way is confirmed, and what is posted meanwhile waits for the next", async () => {
  const scene = new Scene();
  await scene.post("a", "b");
  await scene.confirm(0, 0, nack);
  await scene.post("c");
  expect([scene.sent, scene.closed.length]).toEqual([["a b"], 0]);
  await scene.confirm(0, 1);
  expect([scene.sent, scene.closed.length]).toEqual([["a b", "c"], 1]);
  await scene.confirm(1, 0);
  expect(scene.outcomes).toEqual(["a refused", "b accepted", "c accepted"]);
  scene.publisher.close();
  expect(scene.clock.pending).toBe(0);
});

test("what is not confirmed holds up the others for a quarter of a second, and a queue that goes on refusing once a second", async () => {
  const scene = new Scene();
  await scene.post("stuck", "full");
  await scene.confirm(0, 1, nack);
  await scene.post("next");
  await scene.clock.advance(249);
  expect(scene.sent).toEqual(["stuck full"]);
  await scene.clock.advance(1);
  expect(scene.sent).toEqual(["stuck full next"]);
  await scene.confirm(0, 2, nack);
  await scene.post("at once");
  expect(scene.sent).toEqual(["stuck full next at once"]);
  scene.publisher.close();
  expect(scene.outcomes).toEqual(["full refused", "next refused", "stuck broken", "at once broken"]);
  expect(scene.clock.pending).toBe(0);
});

test("a replaced channel that ends late, after the next one was replaced as well, costs nobody's message", async () => {
  const scene = new Scene();
  scene.endsAtOnce = false;
  await scene.post("a");
  await scene.confirm(0, 0, nack);
  await scene.clock.advance(1_000);
  await scene.post("b");
  await scene.confirm(1, 0, nack);
  await scene.post("c");
  scene.channels[0]?.emit("close");
  await scene.confirm(2, 0);
  expect(scene.outcomes).toEqual(["a refused", "b refused", "c accepted"]);
  expect(scene.channels).toHaveLength(3);
  scene.publisher.close();
});

function closing(code: number, text: string): Error {
  return Object.assign(new Error(`Channel closed by server: ${code} with message "${text}"`), { code });
}

async function end(scene: Scene, channel: number, cause: Error): Promise<void> {
  scene.channels[channel]?.emit("error", cause);
  scene.channels[channel]?.emit("close");
  await scene.clock.advance(50);
}

test("a message above the server's limit ends its channel: it alone is refused for good, and what was written behind it goes out again", async () => {
  const scene = new Scene();
  await scene.post("a", "too large", "c", "d");
  await end(scene, 0, closing(406, "PRECONDITION_FAILED - message size 9 is larger than configured max size 8"));
  expect(scene.outcomes).toEqual(["too large other", "a broken"]);
  expect(scene.sent).toEqual(["a too large c d", "c d"]);
  await scene.post("e");
  await scene.confirm(1, 0);
  await scene.confirm(1, 1);
  await scene.confirm(1, 2);
  expect(scene.outcomes.slice(2)).toEqual(["c accepted", "d accepted", "e accepted"]);
  scene.publisher.close();
});

test("a message that its user may not write ends its channel as well; where nothing tells which one did, all are uncertain", async () => {
  const scene = new Scene();
  await scene.post("a", "b");
  await end(scene, 0, closing(403, "ACCESS_REFUSED - write access to exchange 'amq.default' in vhost '/' refused"));
  expect([scene.outcomes, scene.sent[1]]).toEqual([["a denied"], "b"]);
  await end(scene, 1, closing(406, "PRECONDITION_FAILED - invalid"));
  expect(scene.outcomes.slice(1)).toEqual(["b other"]);
  await scene.post("c", "d");
  await end(scene, 2, closing(406, "PRECONDITION_FAILED - invalid"));
  expect(scene.outcomes.slice(2)).toEqual(["c broken", "d broken"]);
  await scene.post("e");
  await end(scene, 3, closing(404, "NOT_FOUND - no exchange 'events' in vhost '/'"));
  expect(scene.outcomes.slice(4)).toEqual(["e broken"]);
  scene.publisher.close();
  expect(scene.clock.pending).toBe(0);
});

test("what nobody waits for any more does not go out again", async () => {
  const scene = new Scene();
  const body = Buffer.from("abandoned");
  const properties = { messageId: "x", deliveryMode: 2 } as const;
  const posting: Posting = { exchange: "", routingKey: "x", properties, body, state: "waiting", done: () => {} };
  await scene.post("too large");
  scene.publisher.post([posting]);
  scene.publisher.abandon([posting]);
  await end(scene, 0, closing(406, "PRECONDITION_FAILED - message size 9 is larger than configured max size 8"));
  await scene.post("next");
  expect(scene.sent).toEqual(["too large x", "next"]);
  scene.publisher.close();
});

test("closed while a channel is to be opened again, it leaves no timer", async () => {
  const scene = new Scene();
  await scene.post("a");
  scene.channels[0]?.emit("close");
  scene.publisher.close();
  expect(scene.outcomes).toEqual(["a broken"]);
  expect(scene.clock.pending).toBe(0);
});

test("a channel that is refused is asked for less and less often, with one warning, until it is opened", async () => {
  const clock = virtualClock();
  const levels: string[] = [];
  const log = { ...silentLog, warn: () => void levels.push("warn"), debug: () => void levels.push("debug") };
  const publisher = new ConfirmPublisher({ clock, log });
  let isRefused = true;
  let asked = 0;
  publisher.use({
    where: "broker:5672",
    ended: new AbortController().signal,
    isBlocked: false,
    onBlocked: () => {},
    confirmChannel: async () => {
      asked += 1;
      if (isRefused) throw new Error("No channels left to allocate");
      return await Promise.resolve(new Channel() as unknown as ConfirmChannel);
    },
  } as unknown as AmqpSession);
  await clock.advance(60_000);
  expect(asked).toBeGreaterThan(10);
  expect(asked).toBeLessThan(30);
  expect([levels[0], new Set(levels.slice(1))]).toEqual(["warn", new Set(["debug"])]);
  isRefused = false;
  await clock.advance(5_000);
  expect(clock.pending).toBe(0);
  publisher.close();
});
