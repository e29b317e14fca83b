import { deepEqual, equal, ok } from "node:assert/strict";
import { type BrowsedMessage, DEATH_HEADER, deadLetterQueueOf } from "@lovage/transport";
import { idOf, type MessageLike } from "../message-spec.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

/** Messages that failed for good. */
export const deadLettersConcern: Concern = {
  name: "dead letters",
  cases: [
    {
      name: "a rejected message is in the dead-letter queue when reject resolves, unchanged",
      async run(scene) {
        const queue = await scene.queue();
        const body = Uint8Array.of(0, 255, 7);
        await scene.publish(queue, { id: "a", headers: { x: [1] }, body, correlationId: "c", key: "k" });
        const delivery = await (await scene.consume(queue)).next();
        await delivery.reject({ reason: "failed" });
        const { ready, dead } = await scene.stats(queue);
        deepEqual([ready, dead], [0, 1]);
        const [{ message }] = await browseDead(scene, queue);
        deepEqual([...message.body], [...body]);
        deepEqual(message.headers["x"], [1]);
        const { messageId, correlationId, key } = message.properties;
        deepEqual([messageId, correlationId, key], ["a", "c", "k"]);
      },
    },
    {
      name: "a dead letter tells how it died: queue, reason, detail, count and time",
      async run(scene) {
        const queue = await scene.queue();
        const beforeMs = scene.clock.now();
        await kill(scene, queue, ["a"], { reason: "invalid", detail: 'The field "x" is missing: ünïcödé' });
        const [{ death, message }] = await browseDead(scene, queue);
        const { atMs, ...rest } = death ?? { atMs: 0 };
        deepEqual(rest, { queue, reason: "invalid", detail: 'The field "x" is missing: ünïcödé', count: 1 });
        const offMs = Math.max(beforeMs - atMs, atMs - scene.clock.now());
        ok(offMs <= 60_000, `it died ${offMs} ms away from now`);
        ok(DEATH_HEADER in message.headers, "the death is not in the header");
      },
    },
    {
      name: "a long detail is cut",
      async run(scene) {
        const queue = await scene.queue();
        await kill(scene, queue, ["a"], { reason: "failed", detail: "x".repeat(50_000) });
        const [{ death }] = await browseDead(scene, queue);
        const length = death?.detail?.length ?? 0;
        ok(length > 0 && length <= 2_048, `the detail has ${length} characters`);
      },
    },
    {
      name: "a rejection ends the delivery although the dead-letter queue is gone: the message is dead, or comes again",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const inbox = await scene.consume(queue);
        const delivery = await inbox.next();
        await scene.connection.admin.delete(deadLetterQueueOf(queue));
        // Whether it is refused is the broker's affair; that it is held for ever by nobody is not.
        await delivery.reject({ reason: "failed" }).catch(() => {});
        equal(inbox.consumer.unsettled, 0);
        const { admin } = scene.connection;
        const isDead = async (): Promise<boolean> => {
          const [stats] = await admin.inspect([queue]).catch(() => []);
          return (stats?.dead ?? 0) > 0;
        };
        const isSettled = async (): Promise<boolean> => inbox.deliveries.length === 2 || (await isDead());
        await scene.until(isSettled, "a dead letter, or another delivery", scene.recoveryMs);
      },
    },
    {
      name: "a dead letter is not delivered from its old queue, and its fate needs no consumer",
      async run(scene) {
        const queue = await scene.queue();
        await kill(scene, queue, ["a"]);
        const inbox = await scene.consume(queue);
        await scene.always(() => inbox.deliveries.length === 0, "nothing comes from the queue");
      },
    },
    {
      name: "the dead-letter queue can be consumed like any queue",
      async run(scene) {
        const queue = await scene.queue();
        await kill(scene, queue, ["a"]);
        const dead = deadLetterQueueOf(queue);
        await scene.connection.declare({ queues: [{ name: dead }] });
        const delivery = await (await scene.consume(dead)).next();
        equal(idOf(delivery), "a");
        await delivery.ack();
        equal((await scene.stats(queue)).dead, 0);
      },
    },
    {
      name: "what is rejected out of a dead-letter queue stays in it, and goes back to where it died first",
      async run(scene) {
        const queue = await scene.queue();
        await kill(scene, queue, ["a"]);
        const dead = deadLetterQueueOf(queue);
        await scene.connection.declare({ queues: [{ name: dead }] });
        const inbox = await scene.consume(dead);
        const delivery = await inbox.next();
        inbox.consumer.setPrefetch(0);
        await delivery.reject({ reason: "rejected" });
        await inbox.consumer.close();
        equal((await scene.stats(queue)).dead, 1);
        const [{ death }] = await browseDead(scene, queue);
        deepEqual([death?.queue, death?.reason], [queue, "rejected"]);
        const replay = async (): Promise<boolean> => (await scene.connection.admin.replay(dead, { first: 1 })) === 1;
        await scene.until(replay, "it to be replayed");
        equal(idOf(await (await scene.consume(queue)).next()), "a");
      },
    },
    {
      name: "replay gives chosen dead letters back, alive: ready at once, losses and death forgotten",
      async run(scene) {
        const queue = await scene.queue();
        await kill(scene, queue, ["a", "b", "c"]);
        const replayed = await scene.connection.admin.replay(deadLetterQueueOf(queue), { messageIds: ["b", "none"] });
        equal(replayed, 1);
        const delivery = await (await scene.consume(queue)).next();
        deepEqual([idOf(delivery), delivery.count], ["b", 1]);
        ok(!(DEATH_HEADER in delivery.message.headers), "the death is still in the header");
        equal((await scene.stats(queue)).dead, 2);
      },
    },
    {
      name: "replay gives them back as if for the first time: what was noted of runs, and when they would expire, is forgotten",
      async run(scene) {
        const queue = await scene.queue();
        const noted = { "x-lovage-turn": 1, "x-lovage-started": 1, "x-lovage-unknown-since": 1 };
        const headers = {
          ...noted,
          "x-lovage-failed-transactions": 1,
          expires: "2026-01-01T00:00:00+00:00",
          mine: "m",
        };
        await kill(scene, queue, [{ id: "a", headers }]);
        equal(await scene.connection.admin.replay(deadLetterQueueOf(queue), { first: 1 }), 1);
        const { message } = await (await scene.consume(queue)).next();
        const kept = Object.keys(headers).filter((name) => (message.headers[name] ?? null) !== null);
        deepEqual(kept, ["mine"]);
      },
    },
    {
      name: "replay of the first so many takes the oldest",
      async run(scene) {
        const queue = await scene.queue();
        await kill(scene, queue, ["a", "b", "c"]);
        equal(await scene.connection.admin.replay(deadLetterQueueOf(queue), { first: 2 }), 2);
        // Where messages are counted roughly, or a poll of the closed consumer has yet to end, the count comes right soon.
        await scene.until(async () => (await scene.stats(queue)).ready === 2, "both to be ready");
        const [{ message }] = await browseDead(scene, queue);
        equal(message.properties.messageId, "c");
        equal(await scene.connection.admin.replay(deadLetterQueueOf(queue), { first: 100 }), 1);
        equal(await scene.connection.admin.replay(deadLetterQueueOf(queue), { first: 100 }), 0);
      },
    },
    {
      name: "replay reaches a consumer that waits",
      async run(scene) {
        const queue = await scene.queue();
        await kill(scene, queue, ["a"]);
        const inbox = await scene.consumeElsewhere(queue);
        await scene.pass(scene.quietMs);
        await scene.connection.admin.replay(deadLetterQueueOf(queue), { first: 1 });
        equal(idOf(await inbox.next(2_000 + scene.slackMs)), "a");
      },
    },
    {
      name: "a replayed message may die again",
      async run(scene) {
        const queue = await scene.queue();
        await kill(scene, queue, ["a"], { reason: "first" });
        await scene.connection.admin.replay(deadLetterQueueOf(queue), { first: 1 });
        const delivery = await (await scene.consume(queue)).next();
        await delivery.reject({ reason: "second" });
        const [{ death }] = await browseDead(scene, queue);
        deepEqual([death?.reason, death?.count], ["second", 1]);
      },
    },
    {
      name: "drop removes chosen dead letters for good",
      async run(scene) {
        const queue = await scene.queue();
        await kill(scene, queue, ["a", "b", "c", "d"]);
        const dead = deadLetterQueueOf(queue);
        equal(await scene.connection.admin.drop(dead, { messageIds: ["c", "none"] }), 1);
        equal(await scene.connection.admin.drop(dead, { first: 1 }), 1);
        deepEqual(
          (await browseDead(scene, queue)).map(({ message }) => message.properties.messageId),
          ["b", "d"],
        );
      },
    },
    {
      name: "dead letters are dropped once their retention has passed",
      async run(scene) {
        const queue = await scene.queue({ deadLetterRetentionMs: 500 });
        await kill(scene, queue, ["a"]);
        await scene.consume(queue);
        const gone = async (): Promise<boolean> => (await scene.stats(queue)).dead === 0;
        await scene.until(
          gone,
          "the dead letter to be dropped",
          500 + 4 * scene.harness.sweepMs + 1_000 + scene.slackMs,
        );
      },
    },
  ],
};

/** Publishes messages and rejects them. */
async function kill(
  scene: Scene,
  queue: string,
  messages: readonly MessageLike[],
  reason = { reason: "failed" } as { reason: string; detail?: string },
): Promise<void> {
  await scene.publish(queue, ...messages);
  const inbox = await scene.consume(queue);
  for (const _ of messages) await (await inbox.next()).reject(reason);
  await inbox.consumer.close();
}

async function browseDead(scene: Scene, queue: string): Promise<[BrowsedMessage, ...BrowsedMessage[]]> {
  const { messages } = await scene.connection.admin.browse(deadLetterQueueOf(queue));
  const [first, ...rest] = messages;
  if (first === undefined) throw new Error(`There is no dead letter of ${queue}.`);
  return [first, ...rest];
}
