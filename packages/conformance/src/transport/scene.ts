import { fail } from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type {
  Capabilities,
  Connection,
  ConsumeOptions,
  Consumer,
  Delivery,
  QueueDeclaration,
  QueueStats,
} from "@lovage/transport";
import { deadLetterQueueOf } from "@lovage/transport";
import type { TestClock, TransportHarness } from "./harness.ts";
import { Inbox } from "./inbox.ts";
import { type MessageLike, messageTo } from "./message-spec.ts";

const pollMs = 5;
const promptlyMs = 10_000;
/** What a pause between two looks counts at most towards a limit. */
const longestPauseMs = 100;

/** How a case consumes. */
export interface SceneConsumeOptions extends Partial<
  Pick<ConsumeOptions, "prefetch" | "maxDeliveries" | "onExhausted">
> {
  /** @default the scene's first connection */
  readonly connection?: Connection;
  /** Called with each delivery, after the inbox has it. */
  readonly onDelivery?: (delivery: Delivery, inbox: Inbox) => void;
  /** Acknowledges every delivery at once. @default false */
  readonly acks?: boolean;
}

/** What one case works with: a connection, fresh names, and waiting that always ends. Everything it opened is closed behind it. */
export class Scene {
  readonly harness: TransportHarness;
  /** The first connection; it lives as long as the case. */
  readonly connection: Connection;
  readonly #opened = new Set<Connection>();
  readonly #queues: string[] = [];
  readonly #consumers = new Set<Consumer>();
  readonly #failures: unknown[] = [];

  constructor(harness: TransportHarness, connection: Connection) {
    this.harness = harness;
    this.connection = connection;
    this.#opened.add(connection);
  }

  get clock(): TestClock {
    return this.harness.clock;
  }

  get capabilities(): Capabilities {
    return this.connection.capabilities;
  }

  /** What measured times may be off on a real machine. */
  get toleranceMs(): number {
    return this.clock.advance === undefined ? 2 : 0;
  }

  /** What a limit in time is stretched by where the machine may be busy. */
  get slackMs(): number {
    return this.clock.advance === undefined ? 1_500 : 10;
  }

  /** Within this, a claim that was under way when its consumer died has reached the broker, or never will. */
  get claimMs(): number {
    return this.harness.claimMs ?? (this.clock.advance === undefined ? 100 : 0);
  }

  /** Within this, what a dead consumer held is delivered again. */
  get recoveryMs(): number {
    const { leaseMs, sweepMs } = this.harness;
    return (this.capabilities.recovery === "lease" ? leaseMs + sweepMs + 1_000 : 5_000) + this.slackMs * 20;
  }

  /** Long enough that a message which should not come would have come. */
  get quietMs(): number {
    return Math.min(200, this.harness.leaseMs / 4);
  }

  newName(): string {
    return this.harness.newName?.() ?? `conformance-${randomUUID().slice(0, 13)}`;
  }

  /** A further connection, as another process has. */
  async open(): Promise<Connection> {
    const connection = await this.harness.open();
    this.#opened.add(connection);
    return connection;
  }

  /** A fresh queue, declared on the first connection and on these. */
  async queue(declaration: Omit<QueueDeclaration, "name"> = {}, ...others: readonly Connection[]): Promise<string> {
    const name = this.newName();
    this.#queues.push(name);
    for (const each of [this.connection, ...others]) await each.declare({ queues: [{ ...declaration, name }] });
    return name;
  }

  /** Publishes one batch from the first connection. */
  async publish(queue: string, ...messages: readonly MessageLike[]): Promise<void> {
    await this.connection.publish(messages.map((message) => messageTo(queue, message)));
  }

  /** Consumes, and keeps what comes. */
  async consume(queue: string, options: SceneConsumeOptions = {}): Promise<Inbox> {
    const { connection = this.connection, onDelivery, acks = false, prefetch = 1, ...rest } = options;
    const inbox = new Inbox(connection, (condition, what, ms) => this.until(condition, what, ms));
    const consumer = await connection.consume({
      queue,
      prefetch,
      ...rest,
      onDelivery: (delivery) => {
        inbox.deliveries.push(delivery);
        inbox.atMs.push(this.clock.monotonic());
        onDelivery?.(delivery, inbox);
        if (acks) this.expectSoon(delivery.ack());
      },
    });
    inbox.attach(consumer);
    if (connection === this.connection) this.#consumers.add(consumer);
    return inbox;
  }

  /** Another process that consumes: a connection of its own, on which the queue is declared. */
  async consumeElsewhere(queue: string, options: Omit<SceneConsumeOptions, "connection"> = {}): Promise<Inbox> {
    const connection = await this.open();
    await connection.declare({ queues: [{ name: queue }] });
    return await this.consume(queue, { ...options, connection });
  }

  /** Fails the case if this promise rejects, without waiting for it now. */
  expectSoon(promise: Promise<unknown>): void {
    promise.catch((error: unknown) => this.#failures.push(error));
  }

  /** Kills a connection. It is not used again. */
  async crash(connection: Connection): Promise<void> {
    const { crash, freeze } = this.harness.controls ?? {};
    this.#opened.delete(connection);
    await (crash ?? freeze ?? fail("The harness has no control to crash a connection."))(connection);
  }

  /**
   * Waits until the condition holds. Fails with `what` that was waited for, which may be told at the end. For how long this process stands still between two looks,
   * since the machine is busy, does not use up the limit: the connections under test could do nothing either.
   */
  async until(
    condition: () => boolean | Promise<boolean>,
    what: string | (() => string),
    withinMs: number = promptlyMs,
  ): Promise<void> {
    const startedAtMs = this.clock.monotonic();
    let stoodStillMs = 0;
    while (!(await condition())) {
      this.#checkFailures();
      const lookedAtMs = this.clock.monotonic();
      const waitedMs = lookedAtMs - startedAtMs - stoodStillMs;
      if (waitedMs > withinMs) {
        fail(`Waited ${Math.round(waitedMs)} ms in vain for ${typeof what === "string" ? what : what()}.`);
      }
      await this.clock.sleep(pollMs);
      stoodStillMs += Math.max(0, this.clock.monotonic() - lookedAtMs - longestPauseMs);
    }
  }

  /** Watches that the condition holds for a while. */
  async always(condition: () => boolean, what: string, forMs: number = this.quietMs): Promise<void> {
    const startedAtMs = this.clock.monotonic();
    for (;;) {
      if (!condition()) fail(`It should always have been so, and was not: ${what}.`);
      if (this.clock.monotonic() - startedAtMs > forMs) return;
      await this.clock.sleep(pollMs);
    }
  }

  /** Waits for a promise that must settle in time, well or not. */
  async within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
    const deadline = this.clock.deadline(ms, { reason: new Error(`Waited ${ms} ms in vain for ${what}.`) });
    try {
      const passed = new Promise<never>((_, reject) =>
        deadline.signal.addEventListener("abort", () => reject(deadline.signal.reason as Error), { once: true }),
      );
      return await Promise.race([promise, passed]);
    } finally {
      deadline.cancel();
    }
  }

  /** Lets this much time go by. */
  async pass(ms: number): Promise<void> {
    await this.clock.sleep(ms);
  }

  async stats(queue: string): Promise<QueueStats> {
    const [stats] = await this.connection.admin.inspect([queue]);
    return stats ?? fail(`inspect told nothing about ${queue}.`);
  }

  /** Waits until nothing of the queue waits or is held. */
  async untilEmpty(queue: string, withinMs?: number): Promise<void> {
    await this.until(
      async () => {
        const { ready, delayed = 0, unsettled = 0 } = await this.stats(queue);
        return ready + delayed + unsettled === 0;
      },
      `queue ${queue} to be empty`,
      withinMs,
    );
  }

  /** Fails when something that went on beside the case has failed. */
  #checkFailures(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  /** The last look at a case that has run. */
  finish(): void {
    this.#checkFailures();
  }

  /** Removes the case's queues and closes its connections. */
  async dispose(): Promise<void> {
    const others = [...this.#opened].filter((each) => each !== this.connection);
    await Promise.all([...this.#consumers, ...others].map((each) => this.#close(each)));
    if (this.connection.state === "open") await Promise.all(this.#queues.map((queue) => this.#delete(queue)));
    await this.#close(this.connection);
  }

  async #close(closable: Connection | Consumer): Promise<void> {
    await this.within(closable.close(), promptlyMs, "a connection or consumer to close");
  }

  async #delete(queue: string): Promise<void> {
    const { admin } = this.connection;
    const both = Promise.all([admin.delete(queue), admin.delete(deadLetterQueueOf(queue))]);
    // What the case says counts; that a queue can be deleted is a case of its own.
    await this.within(both, promptlyMs, "a queue to be deleted").catch(() => {});
  }
}
