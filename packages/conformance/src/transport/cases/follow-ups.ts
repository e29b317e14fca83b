import { deepEqual, equal, ok } from "node:assert/strict";
import type { OutgoingMessage } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { idOf, idsOf, messageTo } from "../message-spec.ts";
import type { Scene } from "../scene.ts";
import type { Concern, TransportCase } from "../transport-case.ts";

/** Messages that are accepted together with a settlement. */
export const followUpsConcern: Concern = {
  name: "follow-ups",
  cases: [
    {
      name: "follow-ups are accepted when ack resolves",
      async run(scene) {
        const [queue, next] = [await scene.queue(), await scene.queue()];
        await scene.publish(queue, "a");
        const delivery = await (await scene.consume(queue)).next();
        await delivery.ack([messageTo(next, "b"), messageTo(next, "c"), messageTo(queue, "a:1")]);
        equal((await scene.stats(next)).ready, 2);
        const { messages } = await scene.connection.admin.browse(next);
        deepEqual(
          messages.map(({ message }) => message.properties.messageId),
          ["b", "c"],
        );
      },
    },
    {
      name: "a follow-up carries content, properties and delay like any message",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const inbox = await scene.consume(queue);
        const retry = { id: "a:1", headers: { retries: 1 }, body: Uint8Array.of(1, 2), notBefore: { inMs: 300 } };
        const delivery = await inbox.next();
        const startedAtMs = scene.clock.monotonic();
        await delivery.ack([messageTo(queue, retry)]);
        const again = await inbox.next();
        deepEqual([...again.message.body], [1, 2]);
        equal(again.message.headers["retries"], 1);
        equal(again.count, 1);
        const waitedMs = (inbox.atMs[1] ?? 0) - startedAtMs;
        equal(waitedMs >= 300 - scene.toleranceMs, true, `the retry came after ${waitedMs} ms, before its 300 ms`);
      },
    },
    {
      name: "a follow-up that is the message itself, for its own queue, has a larger fence than all deliveries before",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const inbox = await scene.consume(queue);
        const fences: number[] = [];
        for (const notBefore of [undefined, { inMs: 100 }, undefined]) {
          for (let round = 0; round < 2; round += 1) {
            const released = await inbox.next();
            fences.push(released.fence);
            await released.release();
          }
          const given = await inbox.next();
          fences.push(given.fence);
          await given.ack([{ ...given.message, to: queue, ...(notBefore === undefined ? {} : { notBefore }) }]);
        }
        fences.push((await inbox.next()).fence);
        for (const [index, fence] of fences.entries())
          ok(
            index === 0 || fence > (fences[index - 1] ?? Infinity),
            `the fences of one message are ${fences.join(", ")}`,
          );
      },
    },
    {
      name: "a follow-up may go to an exchange",
      async run(scene) {
        const [queue, next, exchange] = [await scene.queue(), await scene.queue(), scene.newName()];
        await scene.connection.declare({
          exchanges: [{ name: exchange, type: "fanout" }],
          bindings: [{ exchange, queue: next }],
        });
        await scene.publish(queue, "a");
        const delivery = await (await scene.consume(queue)).next();
        await delivery.ack([messageTo({ exchange, routingKey: "" }, "b")]);
        equal(idOf(await (await scene.consume(next)).next()), "b");
      },
    },
    {
      name: "many hand-overs at once each bring exactly one message",
      async run(scene) {
        const [queue, next] = [await scene.queue(), await scene.queue()];
        await scene.publish(queue, ...idsOf("m", 80));
        await scene.consume(queue, {
          prefetch: 20,
          onDelivery: (delivery) => scene.expectSoon(delivery.ack([messageTo(next, `${idOf(delivery)}:next`)])),
        });
        const inbox = await scene.consume(next, { prefetch: 80, acks: true });
        await inbox.take(80);
        await scene.always(() => inbox.deliveries.length === 80, "eighty handed over, none twice");
        deepEqual(new Set(inbox.ids), new Set(idsOf("m", 80).map((id) => `${id}:next`)));
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "reject takes follow-ups too",
      async run(scene) {
        const [queue, next] = [await scene.queue(), await scene.queue()];
        await scene.publish(queue, "a");
        const delivery = await (await scene.consume(queue)).next();
        await delivery.reject({ reason: "failed" }, [messageTo(next, "b")]);
        equal((await scene.stats(next)).ready, 1);
        equal((await scene.stats(queue)).dead, 1);
      },
    },
    badFollowUp("to a queue that was not declared", "QUEUE_NOT_DECLARED", (scene) => messageTo(scene.newName(), "bad")),
    badFollowUp("that is too large", "MESSAGE_TOO_LARGE", (scene, queue) =>
      messageTo(queue, { id: "bad", body: new Uint8Array(scene.capabilities.maxMessageBytes + 1) }),
    ),
    badFollowUp("of bad priority", "OPTION_INVALID", (_, queue) => messageTo(queue, { id: "bad", priority: -1 })),
    badFollowUp("that no binding takes", "MESSAGE_UNROUTABLE", async (scene) => {
      const exchange = scene.newName();
      await scene.connection.declare({ exchanges: [{ name: exchange, type: "direct" }] });
      return messageTo({ exchange, routingKey: "nowhere" }, "bad");
    }),
  ],
};

/** A follow-up that `publish` would refuse: nothing is settled, nothing is published, and the delivery can still be settled. */
function badFollowUp(
  what: string,
  code: string,
  make: (scene: Scene, queue: string) => OutgoingMessage | Promise<OutgoingMessage>,
): TransportCase {
  return {
    name: `a follow-up ${what} leaves the delivery unsettled`,
    async run(scene) {
      const [queue, next] = [await scene.queue(), await scene.queue()];
      await scene.publish(queue, "a");
      const inbox = await scene.consume(queue);
      const delivery = await inbox.next();
      const bad = await make(scene, next);
      await expectCode(delivery.ack([bad]), code);
      await expectCode(delivery.reject({ reason: "failed" }, [bad]), code);
      equal(inbox.consumer.unsettled, 1);
      equal(delivery.signal.aborted, false);
      await delivery.ack([messageTo(next, "good")]);
      await scene.untilEmpty(queue);
      deepEqual([(await scene.stats(next)).ready, (await scene.stats(queue)).dead ?? 0], [1, 0]);
    },
  };
}
