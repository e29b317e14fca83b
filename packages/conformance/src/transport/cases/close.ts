import { deepEqual, equal, ok } from "node:assert/strict";
import { hasCode } from "@lovage/foundation";
import { expectCode } from "../expect-code.ts";
import { idOf, idsOf, messageTo } from "../message-spec.ts";
import { needsControl } from "../requirement.ts";
import type { Concern } from "../transport-case.ts";

/** Close is graceful, idempotent, and works while blocked. */
export const closeConcern: Concern = {
  name: "close",
  cases: [
    {
      name: "a connection may be closed three times at once and once more",
      async run(scene) {
        const connection = await scene.open();
        equal(connection.state, "open");
        const closings = Promise.all([connection.close(), connection.close({ graceMs: 100 }), connection.close()]);
        await scene.within(closings, 2_000 + scene.slackMs, "three closings");
        await connection.close();
        equal(connection.state, "closed");
      },
    },
    {
      name: "a closed connection refuses everything with CLOSED",
      async run(scene) {
        const connection = await scene.open();
        const queue = await scene.queue({}, connection);
        await connection.close();
        await expectCode(connection.publish([messageTo(queue, "a")]), "CLOSED");
        await expectCode(connection.declare({ queues: [{ name: queue }] }), "CLOSED");
        await expectCode(connection.consume({ queue, prefetch: 1, onDelivery: () => {} }), "CLOSED");
        await expectCode(connection.admin.inspect([queue]), "CLOSED");
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "a consumer is given nothing from the moment its close is called",
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue, { prefetch: 5 });
        const closed = inbox.consumer.close();
        const [before, published] = [inbox.deliveries.length, scene.publish(queue, ...idsOf("m", 10))];
        await Promise.all([closed, published]);
        await scene.always(() => inbox.deliveries.length === before, "nothing after close");
        equal((await scene.stats(queue)).ready, 10);
      },
    },
    {
      name: "a consumer with work waiting is given nothing from the moment its close is called",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 50));
        const inbox = await scene.consume(queue, { prefetch: 3 });
        const held = await inbox.take(3);
        const closed = inbox.consumer.close({ graceMs: 10_000 });
        for (const delivery of held) await delivery.ack();
        await closed;
        await scene.always(() => inbox.deliveries.length === 3, "nothing after close");
        equal((await scene.stats(queue)).ready, 47);
      },
    },
    {
      name: "a closed connection's consumers are given nothing more",
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consumeElsewhere(queue, { prefetch: 5 });
        await inbox.connection.close();
        await scene.publish(queue, ...idsOf("m", 5));
        await scene.always(() => inbox.deliveries.length === 0, "nothing after close");
      },
    },
    {
      name: "what is unsettled is released at once, uncounted, and its signal aborted",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 3));
        const inbox = await scene.consumeElsewhere(queue, { prefetch: 3 });
        const held = await inbox.take(3);
        await scene.within(inbox.consumer.close(), 1_000 + scene.slackMs, "the consumer to close");
        ok(
          held.every(({ signal }) => signal.aborted),
          "a signal was not aborted",
        );
        const other = await scene.consume(queue, { prefetch: 3 });
        const again = await other.take(3, 1_000 + scene.slackMs);
        ok(
          again.every(({ count, redelivered }) => count === 1 && redelivered),
          "a release was counted as a loss",
        );
      },
    },
    {
      name: "closing the connection releases at once as well",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const inbox = await scene.consumeElsewhere(queue);
        const held = await inbox.next();
        await scene.within(inbox.connection.close(), 1_000 + scene.slackMs, "the connection to close");
        ok(held.signal.aborted, "the signal was not aborted");
        const again = await (await scene.consume(queue)).next(1_000 + scene.slackMs);
        equal(again.count, 1);
        await expectCode(held.ack(), ["LEASE_LOST", "CLOSED", "DELIVERY_SETTLED"]);
        await again.ack();
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "within the grace what is unsettled may be settled, and close ends with the last",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a", "b", "c");
        const inbox = await scene.consume(queue, { prefetch: 3 });
        const [a, b, c] = await inbox.take(3);
        const closed = inbox.consumer.close({ graceMs: 60_000 });
        await a?.ack();
        await b?.reject({ reason: "failed" });
        equal(c?.signal.aborted, false);
        await c?.release();
        await scene.within(closed, 2_000 + scene.slackMs, "the consumer to close");
        const { ready, unsettled = 0, dead = 1 } = await scene.stats(queue);
        deepEqual([ready, unsettled, dead], [1, 0, 1]);
      },
    },
    {
      name: "what outlasts the grace is released when it ends",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const inbox = await scene.consumeElsewhere(queue);
        const held = await inbox.next();
        const startedAtMs = scene.clock.monotonic();
        await scene.within(inbox.connection.close({ graceMs: 300 }), 1_300 + scene.slackMs, "the connection to close");
        const tookMs = scene.clock.monotonic() - startedAtMs;
        ok(tookMs >= 300 - scene.toleranceMs, `the grace of 300 ms ended after ${tookMs} ms`);
        ok(held.signal.aborted, "the signal was not aborted");
        equal(idOf(await (await scene.consume(queue)).next(1_000 + scene.slackMs)), "a");
      },
    },
    {
      name: "an idle consumer that closes within its grace takes no message with it",
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consumeElsewhere(queue);
        // Its claim waits in the broker by then, where brokers have such claims.
        await scene.pass(scene.quietMs);
        const closed = inbox.connection.close({ graceMs: 60_000 });
        await scene.publish(queue, "a");
        await closed;
        await scene.publish(queue, "b");
        const deliveries = await (await scene.consume(queue, { prefetch: 2 })).take(2);
        deepEqual(inbox.deliveries, []);
        const most = scene.harness.countsLateArrivals === true ? 2 : 1;
        const counts = new Map(deliveries.map((each) => [idOf(each), each.count]));
        deepEqual([...counts.keys()].toSorted(), ["a", "b"]);
        equal(counts.get("b"), 1);
        ok((counts.get("a") ?? 0) <= most, `"a" was counted ${counts.get("a")} times`);
      },
    },
    {
      name: "publishes in flight settle before the connection closes",
      async run(scene) {
        const connection = await scene.open();
        const queue = await scene.queue({}, connection);
        const accepted: string[] = [];
        const publishes = idsOf("m", 30).map((id) =>
          connection.publish([messageTo(queue, id)]).then(
            () => accepted.push(id),
            (error: unknown) => ok(hasCode(error, ["CLOSED", "PUBLISH_UNCERTAIN"]), String(error)),
          ),
        );
        await connection.close({ graceMs: 5_000 });
        await Promise.all(publishes);
        equal((await scene.stats(queue)).ready, accepted.length);
        equal(accepted.length, 30, "a publish that was called before close was refused in spite of the grace");
      },
    },
    {
      name: "a consumer may be closed three times at once, and others of its connection go on",
      async run(scene) {
        const queue = await scene.queue();
        const closing = await scene.consume(queue);
        const staying = await scene.consume(queue);
        await Promise.all([closing.consumer.close(), closing.consumer.close(), closing.consumer.close()]);
        await scene.publish(queue, "a");
        equal(idOf(await staying.next()), "a");
        equal(closing.consumer.unsettled, 0);
      },
    },
    {
      name: "a connection whose broker does not answer closes all the same, and what waits for it settles",
      needs: [needsControl("stall")],
      async run(scene) {
        const connection = await scene.open();
        const queue = await scene.queue({}, connection);
        await scene.publish(queue, "a");
        const held = await (await scene.consume(queue, { connection })).next();
        const resume = await scene.harness.controls?.stall?.(connection);
        try {
          const waiting = Promise.allSettled([connection.publish([messageTo(queue, "b")]), held.ack()]);
          const closed = Promise.all([connection.close({ graceMs: 200 }), connection.close()]);
          await scene.within(closed, 1_500 + scene.slackMs, "a blocked connection to close");
          await scene.within(waiting, 1_000 + scene.slackMs, "a publish and an ack to settle");
          ok(held.signal.aborted, "the signal was not aborted");
        } finally {
          await resume?.();
        }
      },
    },
  ],
};
