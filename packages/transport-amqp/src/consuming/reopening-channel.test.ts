import { EventEmitter } from "node:events";
import type { AmqpSession, CallChannel } from "@lovage/client-amqp";
import { silentLog, virtualClock } from "@lovage/foundation";
import { TopologyMismatchError, TransportUnavailableError } from "@lovage/transport";
import { expect, test } from "vitest";

import type { DeclaredTopology } from "../topology/declared-topology.ts";
import { ReopeningChannel } from "./reopening-channel.ts";

/** A channel of the client on which everything is answered. */
class FakeChannel extends EventEmitter {
  consumers = 0;
  cancelled = 0;

  async prefetch(): Promise<void> {
    await Promise.resolve();
  }

  async consume(): Promise<void> {
    this.consumers += 1;
    await Promise.resolve();
  }

  async cancel(): Promise<void> {
    this.cancelled += 1;
    await Promise.resolve();
  }
}

/** A session that the test ends. */
class FakeSession {
  readonly where = "broker:5672";
  readonly standstills = 0;
  readonly channels: FakeChannel[] = [];
  readonly #ended = new AbortController();

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  async channel(): Promise<FakeChannel> {
    this.#ended.signal.throwIfAborted();
    const channel = new FakeChannel();
    this.channels.push(channel);
    return await Promise.resolve(channel);
  }

  async answer<T>(promise: Promise<T>): Promise<T> {
    return await promise;
  }

  async closeChannel(): Promise<void> {
    await Promise.resolve();
  }

  end(): void {
    this.#ended.abort(new Error("the broker has gone"));
    for (const channel of this.channels) channel.emit("close");
  }
}

class Scene {
  readonly clock = virtualClock();
  cap = 5;
  /** Declarations wait for it. */
  declared: Promise<void> = Promise.resolve();
  /** What the broker says to the queues for suspects. */
  refusal: Error | undefined;
  /** Messages that wait in the queue. */
  ready = 0;
  redeclared = 0;
  readonly channel: ReopeningChannel;

  constructor() {
    const found = { checkQueue: async () => await Promise.resolve({ messageCount: this.ready }) };
    const calls = { call: async (_what: string, work: (channel: unknown) => Promise<unknown>) => await work(found) };
    const topology = {
      declareSuspects: async () => {
        await this.declared;
        if (this.refusal !== undefined) throw this.refusal;
      },
      restoreExits: async () => await Promise.resolve(),
      redeclare: async () => {
        this.redeclared += 1;
        this.ready = 0;
        await Promise.resolve();
      },
      formOf: () => ({ type: "quorum", consumerTimeoutMs: 1_800_000 }),
    };
    this.channel = new ReopeningChannel({
      queue: "mail",
      clock: this.clock,
      log: silentLog,
      topology: topology as unknown as DeclaredTopology,
      calls: calls as unknown as CallChannel,
      onArrival: () => {},
      onOpen: () => this.channel.current?.setCap(this.cap),
      onEnd: () => {},
      onQuiet: () => {},
    });
  }

  async begin(session: FakeSession): Promise<void> {
    await this.channel.begin(session as unknown as AmqpSession);
  }

  restart(session: FakeSession): void {
    this.channel.restart(session as unknown as AmqpSession);
  }
}

test("a session that comes while the channel of the one before is still being opened has its channel all the same", async () => {
  const scene = new Scene();
  const [first, second, third] = [new FakeSession(), new FakeSession(), new FakeSession()];
  await scene.begin(first);
  first.end();
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.declared = promise;
  scene.restart(second);
  second.end();
  scene.restart(third);
  resolve();
  await scene.clock.advance(60_000);
  expect(third.channels.map(({ consumers }) => consumers)).toEqual([1]);
  scene.channel.stop();
  expect(scene.clock.pending).toBe(0);
});

test("a queue for suspects that is away with its node keeps nobody from the queue itself", async () => {
  const scene = new Scene();
  const session = new FakeSession();
  scene.refusal = new TransportUnavailableError("home node of 'mail.suspects' is down");
  await scene.begin(session);
  expect(session.channels.map(({ consumers }) => consumers)).toEqual([1]);
  scene.refusal = new TopologyMismatchError("classic", { queue: "mail.suspects" });
  session.channels[0]?.emit("close");
  await scene.clock.advance(60_000);
  expect(session.channels).toHaveLength(1);
  scene.channel.stop();
});

test("a channel that got nothing while messages waited is replaced, and its queue declared before", async () => {
  const scene = new Scene();
  const session = new FakeSession();
  await scene.begin(session);
  scene.ready = 1;
  await scene.clock.advance(100_000);
  expect(session.channels.map(({ consumers, cancelled }) => [consumers, cancelled])).toEqual([
    [1, 1],
    [1, 0],
  ]);
  expect(scene.redeclared).toBe(1);
  scene.channel.stop();
  expect(scene.clock.pending).toBe(0);
});

test("with nothing wanted for now consumption has begun once there is a channel, and its consumer comes when something is", async () => {
  const scene = new Scene();
  const session = new FakeSession();
  scene.cap = 0;
  let hasBegun = false;
  const begun = scene.begin(session).then(() => (hasBegun = true));
  await scene.clock.advance(0);
  expect([hasBegun, session.channels.map(({ consumers }) => consumers)]).toEqual([true, [0]]);
  await begun;
  scene.channel.current?.setCap(5);
  await scene.clock.advance(0);
  expect(session.channels.map(({ consumers }) => consumers)).toEqual([1]);
});

test("a channel that ends soon after it has begun, as by a message that cannot be read, is opened again less and less often", async () => {
  const scene = new Scene();
  const session = new FakeSession();
  await scene.begin(session);
  const endings = 20;
  for (let ending = 0; ending < endings; ending += 1) {
    session.channels.at(-1)?.emit("close");
    const { length } = session.channels;
    for (let ms = 0; session.channels.length === length; ms += 50) {
      expect(ms).toBeLessThanOrEqual(5_000);
      await scene.clock.advance(50);
    }
  }
  expect(scene.clock.monotonic()).toBeGreaterThan((endings / 2) * 2_500);
  await scene.clock.advance(5_000);
  session.channels.at(-1)?.emit("close");
  await scene.clock.advance(50);
  expect(session.channels).toHaveLength(endings + 2);
  scene.channel.stop();
});
