import { deepEqual, fail, ok } from "node:assert/strict";
import { deadLetterQueueOf, type Delivery } from "@lovage/transport";
import type { Inbox } from "../inbox.ts";
import { idOf } from "../message-spec.ts";
import type { Scene } from "../scene.ts";
import { maxDeliveries, type ReferenceQueue } from "./reference-queue.ts";
import type { Reference } from "./reference.ts";

/** A consumer on a connection of its own. */
export interface ModelConsumer {
  readonly number: number;
  readonly inbox: Inbox;
}

/** The transport beside the reference: every delivery is noted there, and what is wrong is kept. */
export class ModelSystem {
  readonly scene: Scene;
  readonly queue: string;
  readonly model: ReferenceQueue;
  readonly deliveries: Map<string, Delivery> = new Map();
  /** The prefetch of each live consumer, by number. */
  readonly prefetches: Map<number, number> = new Map();
  consumers: ModelConsumer[] = [];
  /** Consumers that may be making room for a suspect. */
  readonly #draining = new Set<number>();
  #consumersMade = 0;
  #messagesMade = 0;
  #problem: string | undefined;

  constructor(scene: Scene, queue: string, model: ReferenceQueue) {
    this.scene = scene;
    this.queue = queue;
    this.model = model;
  }

  get nowMs(): number {
    return this.scene.clock.monotonic();
  }

  newId(): string {
    this.#messagesMade += 1;
    return `m${this.#messagesMade}`;
  }

  async consume(prefetch: number): Promise<void> {
    this.#consumersMade += 1;
    const number = this.#consumersMade;
    this.prefetches.set(number, prefetch);
    const connection = await this.scene.open();
    await connection.declare({ queues: [{ name: this.queue }] });
    const inbox = await this.scene.consume(this.queue, {
      connection,
      prefetch,
      maxDeliveries,
      onDelivery: (delivery) => this.#note(number, delivery),
    });
    this.consumers.push({ number, inbox });
  }

  /** These consumers die, or lose their broker: answers to claims that are under way reach nobody. */
  endangerClaimed(consumers: readonly ModelConsumer[]): void {
    const hasRoom = consumers.some(
      ({ number }) => this.model.heldBy(number).length < (this.prefetches.get(number) ?? 0),
    );
    if (!hasRoom) return;
    this.model.strayClaim(this.nowMs + this.scene.claimMs);
  }

  /** It closes: what it is claiming at this moment goes back unseen, and is marked as redelivered all the same. */
  blurMarks(consumer: ModelConsumer): void {
    // Otherwise all that is due has come, or there is no room to claim for.
    if (!this.#draining.has(consumer.number)) return;
    for (const each of this.model.in("waiting")) if (each.redelivered === false) each.redelivered = undefined;
  }

  /** From now on it is given nothing. */
  remove(consumer: ModelConsumer): void {
    this.prefetches.delete(consumer.number);
    this.consumers = this.consumers.filter((each) => each !== consumer);
  }

  deliveryOf({ id }: Reference): Delivery {
    return this.deliveries.get(id) ?? fail(`There is no delivery of ${id}.`);
  }

  /** Waits until all that must be delivered is, and checks what can be said then. */
  async settleDown(): Promise<void> {
    const { recoveryMs } = this.scene;
    const what = (): string => `what is due to be delivered: ${this.#tell()}`;
    await this.scene.until(() => this.#isAtRest(), what, recoveryMs);
    if (this.#problem !== undefined) fail(this.#problem);
  }

  /** Compares the broker's own counts with the reference. */
  async compareCounts(): Promise<void> {
    const { ready, delayed, unsettled, dead } = await this.scene.stats(this.queue);
    const endangered = this.model.in("waiting", "lost").filter((each) => this.model.mayBeDoomed(each)).length;
    const known = this.model.in("waiting", "held", "lost").length - endangered;
    const unsure = this.model.in("doomed", "unsure").length + endangered;
    const died = this.model.in("dead").length;
    if (delayed !== undefined && unsettled !== undefined) {
      checkRange(ready + delayed + unsettled, [known, known + unsure], `messages in the queue (${this.#tell()})`);
    }
    if (dead !== undefined) checkRange(dead, [died, died + unsure], "dead letters");
  }

  /** Takes everything that is left: what was accepted is delivered, dead, or was taken away by command. */
  async drain(): Promise<void> {
    const { scene, model } = this;
    for (const consumer of this.consumers) {
      this.blurMarks(consumer);
      // Without a grace, a claim that goes on in the broker is cut off as by a crash.
      if (scene.harness.claimMs !== undefined) this.endangerClaimed([consumer]);
      for (const reference of model.heldBy(consumer.number)) model.release(reference, this.nowMs);
      this.remove(consumer);
      await consumer.inbox.connection.close();
    }
    await this.consume(20);
    const left = (): Reference[] => model.in("waiting", "held", "lost");
    const drained = async (): Promise<boolean> => {
      await this.#ackAll();
      await this.#noteDoomed();
      return left().length === 0;
    };
    await scene.until(drained, () => `the rest to be delivered: ${this.#tell()}`, 2 * scene.recoveryMs + 5_000);
    await this.#compareDead();
  }

  async #ackAll(): Promise<void> {
    if (this.#problem !== undefined) fail(this.#problem);
    for (const reference of this.model.in("held")) {
      reference.state = "gone";
      await this.deliveryOf(reference).ack();
    }
  }

  /** What may have become poison unseen is either delivered or found here: no third way. */
  async #noteDoomed(): Promise<void> {
    const endangered = this.model.in("waiting", "lost").filter((each) => this.model.mayBeDoomed(each));
    if (endangered.length === 0) return;
    const buried = new Set(await this.#browseDead());
    for (const each of endangered) if (buried.has(each.id)) each.state = "dead";
  }

  async #browseDead(): Promise<string[]> {
    const { messages } = await this.scene.connection.admin.browse(deadLetterQueueOf(this.queue), { limit: 1_000 });
    return messages.map(({ message }) => message.properties.messageId);
  }

  async #compareDead(): Promise<void> {
    const { scene, model } = this;
    const expected = model.in("dead", "doomed").map(({ id }) => id);
    const browse = async (): Promise<string[]> => {
      // Poison is buried when nothing else is held, and what was unsure may still come.
      await this.#ackAll();
      return await this.#browseDead();
    };
    const areThere = async (): Promise<boolean> => {
      const there = new Set(await browse());
      return expected.every((id) => there.has(id));
    };
    await scene.until(areThere, `the dead letters ${expected.join(", ")}`, scene.recoveryMs);
    const unsure = new Set(model.in("unsure").map(({ id }) => id));
    deepEqual((await browse()).filter((id) => !unsure.has(id)).toSorted(), expected.toSorted());
  }

  #note(consumer: number, delivery: Delivery): void {
    const { count, redelivered, fence } = delivery;
    const id = idOf(delivery);
    const earlier = this.#capProblem(consumer, id) ?? this.#companyProblem(consumer, id);
    this.deliveries.set(id, delivery);
    const problem = this.model.deliver({ id, consumer, atMs: this.nowMs, count, redelivered, fence });
    this.#problem ??= problem ?? earlier;
  }

  #capProblem(consumer: number, id: string): string | undefined {
    const prefetch = this.prefetches.get(consumer);
    if (prefetch === undefined) return `${id} came to consumer ${consumer} after its close`;
    const held = this.model.heldBy(consumer).length;
    return held < prefetch ? undefined : `${id} came to consumer ${consumer}, which held ${held} of ${prefetch}`;
  }

  /** A suspect is alone on its connection; each consumer here has one of its own. */
  #companyProblem(consumer: number, id: string): string | undefined {
    const held = this.model.heldBy(consumer);
    const reference = this.model.references.get(id);
    const isSuspect = reference !== undefined && reference.state !== "unsure" && this.model.isSuspect(reference);
    if (isSuspect && held.length > 0) return `the suspect ${id} came while its connection held ${held.length} others`;
    const suspect = held.find((each) => this.model.isSuspect(each));
    return suspect === undefined ? undefined : `${id} came while its connection held the suspect ${suspect.id}`;
  }

  #isAtRest(): boolean {
    const { model } = this;
    const suspects = model.in("waiting", "held", "lost", "unsure", "doomed").some((each) => model.mayBeSuspect(each));
    this.#noteDraining(suspects);
    const hasRoom = [...this.prefetches].some(
      ([number, prefetch]) => !this.#draining.has(number) && model.heldBy(number).length < prefetch,
    );
    const due = model.in("waiting").some((each) => each.dueAtMs <= this.nowMs && !model.mustWait(each, this.nowMs));
    return this.#problem !== undefined || !hasRoom || !due;
  }

  /**
   * A suspect, or poison, makes a connection wait for a while, at most until it holds nothing; one that began to may go on although another took
   * the suspect. When that ends, the commands decide.
   */
  #noteDraining(suspects: boolean): void {
    for (const number of this.prefetches.keys()) {
      if (suspects) this.#draining.add(number);
      else if (this.model.heldBy(number).length === 0) this.#draining.delete(number);
    }
  }

  #tell(): string {
    const states = [...this.model.references.values()].filter(({ state }) => state !== "gone");
    return states.map(({ id, state }) => `${id} ${state}`).join(", ");
  }
}

function checkRange(actual: number, [low, high]: readonly [number, number], what: string): void {
  ok(actual >= low && actual <= high, `${actual} ${what} instead of ${low === high ? low : `${low} to ${high}`}`);
}
