import { virtualClock } from "@lovage/foundation";
import { TransportUnavailableError, type Message } from "@lovage/transport";
import { expect, test } from "vitest";

import type { Arrival, ConsumerChannel } from "./consumer-channel.ts";
import type { Move } from "./settler.ts";
import { SuspectSource } from "./suspect-source.ts";

/** Two queues, and a consumer that fetches from them. */
class Scene {
  readonly clock = virtualClock();
  readonly queues: Record<string, string[]> = { "mail.suspects": [], "mail.suspects.alone": [] };
  closings = 0;
  /** Queues whose node is away. */
  readonly away = new Set<string>();
  /** The broker takes no messages. */
  isBlocked = false;
  readonly source: SuspectSource;
  readonly channel = {
    get: async (queue: string): Promise<Arrival | undefined> => {
      if (this.away.has(queue)) throw new Error("the channel has ended");
      const id = this.queues[queue]?.shift();
      const raw = { fields: { redelivered: true }, properties: { messageId: id }, content: Buffer.from("x") };
      return await Promise.resolve(id === undefined ? undefined : ({ raw } as unknown as Arrival));
    },
    close: async () => await Promise.resolve(void (this.closings += 1)),
  } as unknown as ConsumerChannel;

  constructor(isQuorum: boolean) {
    const move = async (_: Arrival, { properties }: Message, { to, marks }: Move): Promise<void> => {
      expect(marks.losses).toBe(0);
      if (this.isBlocked) await new Promise(() => {});
      await Promise.resolve(this.queues[to]?.push(properties.messageId));
    };
    const countReady = async (queue: string): Promise<number> => {
      if (this.away.has(queue)) throw new TransportUnavailableError("its node is down");
      return await Promise.resolve(this.queues[queue]?.length ?? 0);
    };
    const own = { watch: () => {} };
    this.source = new SuspectSource({ queue: "mail", isQuorum, settler: { move }, own, clock: this.clock, countReady });
  }

  async next(): Promise<unknown> {
    const suspect = await this.source.next(this.channel);
    return suspect === undefined ? undefined : [suspect.arrival.raw.properties.messageId, suspect.source];
  }
}

test("a suspect of a quorum queue is fetched from where it waits", async () => {
  const scene = new Scene(true);
  scene.queues["mail.suspects"] = ["a"];
  expect([await scene.next(), await scene.next()]).toEqual([["a", "mail.suspects"], undefined]);
});

test("a suspect of a classic queue is moved apart first, one at a time, and what was left there goes before all that wait", async () => {
  const scene = new Scene(false);
  scene.queues["mail.suspects"] = ["b", "c"];
  scene.queues["mail.suspects.alone"] = ["a"];
  for (const id of ["a", "b", "c"]) expect(await scene.next()).toEqual([id, "mail.suspects.alone"]);
  expect([await scene.next(), scene.closings, scene.clock.pending]).toEqual([undefined, 0, 0]);
});

test("a suspect that cannot be moved goes back with its channel: ordinary work waits for it no longer", async () => {
  const scene = new Scene(false);
  scene.queues["mail.suspects"] = ["a"];
  scene.isBlocked = true;
  const next = scene.next();
  await scene.clock.advance(5_000);
  expect([await next, scene.closings]).toEqual([undefined, 1]);
});

test("what was set apart is run while the queue of those that wait is away; where that of those that run alone is, none can be, and the channel lives on", async () => {
  const scene = new Scene(false);
  const { away, queues, source } = scene;
  queues["mail.suspects"] = ["b"];
  queues["mail.suspects.alone"] = ["a"];
  away.add("mail.suspects");
  expect([await source.count(), await scene.next()]).toEqual([1, ["a", "mail.suspects.alone"]]);
  for (const name of ["mail.suspects", "mail.suspects.alone"]) {
    away.clear();
    away.add(name);
    await expect(source.count()).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
    await expect(scene.next()).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
  }
  away.clear();
  expect([await source.count(), await scene.next()]).toEqual([1, ["b", "mail.suspects.alone"]]);
});
