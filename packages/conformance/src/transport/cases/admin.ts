import { deepEqual, equal, ok } from "node:assert/strict";
import type { BrowsedMessage, MessageState } from "@lovage/transport";
import { deadLetterQueueOf } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { idOf, idsOf } from "../message-spec.ts";
import type { Requirement } from "../requirement.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

const browsesAll: Requirement = (capabilities) =>
  capabilities.browse === "all" ? undefined : `capability browse is "${capabilities.browse}"`;

/** Looking at queues and mending them. */
export const adminConcern: Concern = {
  name: "admin",
  cases: [
    {
      name: "list names all queues in order, without dead-letter queues",
      async run(scene) {
        const names = await Promise.all([scene.queue(), scene.queue(), scene.queue()]);
        const listed = await scene.connection.admin.list();
        for (const name of names) ok(listed.includes(name), `${name} is not listed`);
        deepEqual(listed, listed.toSorted());
        equal(new Set(listed).size, listed.length);
        ok(!listed.includes(deadLetterQueueOf(names[0] ?? "")), "a dead-letter queue is listed");
      },
    },
    {
      name: "inspect counts what is ready, delayed, unsettled and dead, in the order asked for",
      async run(scene) {
        const [busy, idle] = [await scene.queue(), await scene.queue()];
        await scene.publish(busy, ...idsOf("m", 5), { id: "later", notBefore: { inMs: 60_000 } });
        const inbox = await scene.consume(busy, { prefetch: 2 });
        const [first] = await inbox.take(2);
        inbox.consumer.setPrefetch(1);
        await first?.reject({ reason: "failed" });
        const [one, two] = await scene.connection.admin.inspect([idle, busy]);
        deepEqual([one?.queue, one?.ready], [idle, 0]);
        deepEqual([two?.queue, two?.ready], [busy, 3]);
        deepEqual([two?.delayed ?? 1, two?.unsettled ?? 1, two?.dead ?? 1], [1, 1, 1]);
      },
    },
    {
      name: "inspect tells the age of the oldest ready message, where it can",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        await scene.pass(100);
        const { oldestReadyMs = 100 } = await scene.stats(queue);
        ok(
          oldestReadyMs >= 100 - scene.toleranceMs && oldestReadyMs < 60_000,
          `the oldest waits for ${oldestReadyMs} ms`,
        );
        const { oldestReadyMs: ofEmpty } = await scene.stats(await scene.queue());
        equal(ofEmpty, undefined, "nothing waits in an empty queue");
      },
    },
    {
      name: "purge removes what waits and tells how many, and leaves what is unsettled",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "held", ...idsOf("m", 4), { id: "later", notBefore: { inMs: 60_000 } });
        const inbox = await scene.consume(queue);
        const held = await inbox.next();
        const isDelayTold = (await scene.stats(queue)).delayed !== undefined;
        equal(await scene.connection.admin.purge(queue), isDelayTold ? 5 : 4);
        const { ready, delayed = 0 } = await scene.stats(queue);
        deepEqual([ready, delayed], [0, 0]);
        equal(held.signal.aborted, false);
        await held.ack();
        await scene.publish(queue, "new");
        equal(idOf(await inbox.next()), "new");
        equal(await scene.connection.admin.purge(queue), 0);
      },
    },
    {
      name: "a deleted queue is gone with what it held, and deleting it again is harmless",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        await scene.connection.admin.delete(queue);
        await scene.connection.admin.delete(queue);
        ok(!(await scene.connection.admin.list()).includes(queue), "it is still listed");
        await expectCode(scene.connection.admin.inspect([queue]), "QUEUE_NOT_FOUND");
        const other = await scene.open();
        await other.declare({ queues: [{ name: queue }] });
        equal((await scene.stats(queue)).ready, 0);
      },
    },
    {
      name: "a queue that does not exist is named in an error, by every method",
      async run(scene) {
        const { admin } = scene.connection;
        const queue = scene.newName();
        const calls = [
          admin.inspect([queue]),
          admin.purge(queue),
          admin.browse(queue),
          admin.drop(queue, { first: 1 }),
        ];
        calls.push(admin.replay(deadLetterQueueOf(queue), { first: 1 }));
        // All of them are waited for at once: one that is refused before its turn would be nobody's.
        const errors = await Promise.all(calls.map((call) => expectCode(call, "QUEUE_NOT_FOUND")));
        for (const { message } of errors) ok(message.includes(queue));
      },
    },
    {
      name: "only dead letters are replayed, and nothing is moved or removed for a selection that cannot be meant",
      async run(scene) {
        const { admin } = scene.connection;
        const queue = await scene.queue();
        await scene.publish(queue, { id: "a" }, { id: "b" });
        const { message } = await expectCode(admin.replay(queue, { first: 1 }), "OPTION_INVALID");
        ok(message.includes(deadLetterQueueOf(queue)), message);
        for (const first of [-1, 1.5, Number.NaN, Infinity])
          await expectCode(admin.drop(queue, { first }), "OPTION_INVALID");
        await expectCode(admin.replay(deadLetterQueueOf(queue), { first: -1 }), "OPTION_INVALID");
        await scene.until(async () => (await scene.stats(queue)).ready === 2, "both to be ready");
      },
    },
    {
      name: "a connection may look at queues that it has not declared",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const other = await scene.open();
        equal((await other.admin.inspect([queue]))[0]?.ready, 1);
        equal((await other.admin.browse(queue)).messages.length, 1);
        equal(await other.admin.purge(queue), 1);
      },
    },
    {
      name: "browsing delivers nothing, locks nothing and counts nothing",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, { id: "a", headers: { x: 1 } });
        for (const _ of [1, 2, 3]) equal((await browse(scene, queue))[0]?.message.headers["x"], 1);
        const delivery = await (await scene.consume(queue)).next(2_000 + scene.slackMs);
        deepEqual([delivery.count, delivery.redelivered], [1, false]);
      },
    },
    {
      name: "browse shows the messages in the order of delivery, with their state",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 5));
        const shown = await browse(scene, queue);
        deepEqual(
          shown.map(({ message, state, queue: from, count }) => [message.properties.messageId, state, from, count]),
          idsOf("m", 5).map((id) => [id, "ready", queue, 1]),
        );
      },
    },
    {
      name: "browse shows what is delayed and what is unsettled when asked",
      needs: [browsesAll],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "held", "waits", { id: "later", notBefore: { inMs: 60_000 } });
        await (await scene.consume(queue)).next();
        const dueInMs = async (state: MessageState): Promise<[string | undefined, number]> => {
          const [shown] = await browse(scene, queue, state);
          return [shown?.message.properties.messageId, (shown?.dueAtMs ?? 0) - scene.clock.now()];
        };
        const [later, delayMs] = await dueInMs("delayed");
        equal(later, "later");
        ok(delayMs > 50_000 && delayMs <= 60_000 + scene.toleranceMs, `it is due in ${delayMs} ms`);
        const [held, leaseMs] = await dueInMs("unsettled");
        equal(held, "held");
        ok(leaseMs <= scene.harness.leaseMs + scene.toleranceMs, `its lease ends in ${leaseMs} ms`);
      },
    },
    {
      name: "browse goes through a queue page by page, each message once",
      needs: [browsesAll],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(
          queue,
          ...idsOf("m", 25).map((id, index) => ({ id, key: index % 3 > 0 ? `k${index % 3}` : "" })),
        );
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await scene.connection.admin.browse(queue, {
            limit: 10,
            ...(cursor === undefined ? {} : { cursor }),
          });
          ok(page.messages.length <= 10, "a page is larger than its limit");
          seen.push(...page.messages.map(({ message }) => message.properties.messageId));
          cursor = page.next;
        } while (cursor !== undefined);
        equal(seen.length, 25);
        deepEqual(new Set(seen), new Set(idsOf("m", 25)));
      },
    },
    {
      name: "browse shows no message twice while the last one of each page is taken away",
      needs: [browsesAll],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 12));
        const { admin } = scene.connection;
        const seen: string[] = [];
        let next: string | undefined;
        do {
          const page = await admin.browse(queue, { limit: 3, ...(next === undefined ? {} : { cursor: next }) });
          const ids = page.messages.map(({ message }) => message.properties.messageId);
          deepEqual(
            ids.filter((id) => seen.includes(id)),
            [],
          );
          seen.push(...ids);
          await admin.drop(queue, { messageIds: ids.slice(-1) });
          next = page.next;
        } while (next !== undefined);
        ok(seen.length >= 8, `only ${seen.length} of 12 messages were shown`);
      },
    },
    {
      name: "browse with a cursor that no page gave is refused",
      needs: [browsesAll],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "m");
        await expectCode(scene.connection.admin.browse(queue, { cursor: "nowhere" }), "OPTION_INVALID");
      },
    },
    ...[0, -1, 1_001, 1.5, Number.NaN].map((limit) => ({
      name: `browse with a limit of ${limit} is refused`,
      async run(scene: Scene): Promise<void> {
        const queue = await scene.queue();
        await expectCode(scene.connection.admin.browse(queue, { limit }), "OPTION_INVALID");
      },
    })),
    {
      name: "drop removes chosen waiting messages, and passes over those that are held",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "held", "b", "c", "d");
        const inbox = await scene.consume(queue);
        const held = await inbox.next();
        equal(await scene.connection.admin.drop(queue, { messageIds: ["held", "c", "none"] }), 1);
        equal(await scene.connection.admin.drop(queue, { first: 1 }), 1);
        await held.ack();
        equal(idOf(await inbox.next()), "d");
      },
    },
    {
      name: "all of it may be asked in parallel with work going on",
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue, { prefetch: 5, acks: true });
        const { admin } = scene.connection;
        await Promise.all(
          idsOf("m", 20).map(async (id) => {
            await scene.publish(queue, id);
            await Promise.all([admin.inspect([queue]), admin.list(), admin.browse(queue)]);
          }),
        );
        await inbox.take(20);
      },
    },
  ],
};

async function browse(scene: Scene, queue: string, state: MessageState = "ready"): Promise<readonly BrowsedMessage[]> {
  return (await scene.connection.admin.browse(queue, { state })).messages;
}
