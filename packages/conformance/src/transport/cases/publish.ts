import { deepEqual, equal, fail, ok } from "node:assert/strict";
import type { Message, OutgoingMessage, PublishError } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { idOf, idsOf, messageTo } from "../message-spec.ts";
import type { Scene } from "../scene.ts";
import { needsControl } from "../requirement.ts";
import type { Concern } from "../transport-case.ts";

/** Getting a message into the broker. */
export const publishConcern: Concern = {
  name: "publish",
  cases: [
    {
      name: "what was accepted is there for everybody at once",
      async run(scene) {
        const queue = await scene.queue();
        const other = await scene.open();
        await scene.publish(queue, "a");
        const [stats] = await other.admin.inspect([queue]);
        equal(stats?.ready, 1);
      },
    },
    {
      name: "what was accepted outlives the connection that published it",
      async run(scene) {
        const publisher = await scene.open();
        const queue = await scene.queue({}, publisher);
        await publisher.publish([messageTo(queue, "a")]);
        await publisher.close();
        equal(idOf(await (await scene.consume(queue)).next()), "a");
      },
    },
    {
      name: "an empty batch is accepted",
      async run(scene) {
        await scene.connection.publish([]);
      },
    },
    {
      name: "a batch may go to several queues",
      async run(scene) {
        const [one, two] = [await scene.queue(), await scene.queue()];
        await scene.connection.publish([messageTo(one, "a"), messageTo(two, "b"), messageTo(one, "c")]);
        deepEqual(await received(scene, one, 2), ["a", "c"]);
        deepEqual(await received(scene, two, 1), ["b"]);
      },
    },
    {
      name: "a batch of a thousand arrives whole, each message once",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("m", 1_000));
        deepEqual((await received(scene, queue, 1_000)).toSorted(), idsOf("m", 1_000).toSorted());
      },
    },
    {
      name: "publishes in flight together each have their own fate",
      async run(scene) {
        const queue = await scene.queue();
        const good = idsOf("good", 40).map((id) => scene.publish(queue, id));
        const tooLarge = new Uint8Array(scene.capabilities.maxMessageBytes + 1);
        const bad = [
          expectCode(scene.publish(queue, { id: "large", body: tooLarge }), "MESSAGE_TOO_LARGE"),
          expectCode(scene.publish(queue, { id: "urgent", priority: 11 }), "OPTION_INVALID"),
          expectCode(scene.publish(scene.newName(), "lost"), "QUEUE_NOT_DECLARED"),
        ];
        await Promise.all([...good, ...bad]);
        deepEqual((await received(scene, queue, 40)).toSorted(), idsOf("good", 40).toSorted());
      },
    },
    {
      name: "a batch that fails in part names what failed; the rest was accepted",
      async run(scene) {
        const [queue, exchange] = [await scene.queue(), scene.newName()];
        await scene.connection.declare({ exchanges: [{ name: exchange, type: "direct" }] });
        const unroutable = messageTo({ exchange, routingKey: "nowhere" }, "b");
        await checkPartlyAccepted(scene, queue, [messageTo(queue, "a"), unroutable, messageTo(queue, "c")]);
      },
    },
    {
      name: "a batch with a message that is too large names it; what is not named was accepted",
      async run(scene) {
        const queue = await scene.queue();
        const body = new Uint8Array(scene.capabilities.maxMessageBytes);
        await checkPartlyAccepted(scene, queue, [
          messageTo(queue, "a"),
          messageTo(queue, { id: "b", body }),
          messageTo(queue, "c"),
        ]);
      },
    },
    {
      name: "a publish settles within its timeout, whatever the broker does",
      needs: [needsControl("stall")],
      async run(scene) {
        const stalled = await scene.open();
        const queue = await scene.queue({}, stalled);
        const resume = await scene.harness.controls?.stall?.(stalled);
        const refused = expectCode(stalled.publish([messageTo(queue, "a")], { timeoutMs: 300 }), [
          "PUBLISH_TIMEOUT",
          "PUBLISH_UNCERTAIN",
          "TRANSPORT_UNAVAILABLE",
        ]);
        try {
          ok((await scene.within(refused, 1_300 + scene.slackMs, "a publish to time out")).retryable);
        } finally {
          await resume?.();
        }
      },
    },
  ],
};

/** Consumes so many messages, and what else is there; tells their ids in the order they came. */
async function received(scene: Scene, queue: string, count: number): Promise<string[]> {
  const inbox = await scene.consume(queue, { prefetch: 100, acks: true });
  await inbox.take(count);
  await scene.untilEmpty(queue);
  return inbox.ids;
}

/** Publishes a batch whose message `b` is bad: what the error does not name must be in the queue, and nothing else. */
async function checkPartlyAccepted(scene: Scene, queue: string, batch: readonly OutgoingMessage[]): Promise<void> {
  const error = await scene.connection.publish(batch).then(
    () => fail("A batch with a bad message was accepted."),
    (reason: unknown) => reason as PublishError,
  );
  const partly = error.code === "PUBLISH_FAILED";
  const failed = partly ? error.failures.map(({ messageId }) => messageId) : batch.map((message) => idIn(message));
  ok(failed.includes("b"), `the error does not name the bad message: ${error.message}`);
  for (const { index, messageId } of partly ? error.failures : []) equal(batch[index]?.properties.messageId, messageId);
  const accepted = batch.map((message) => idIn(message)).filter((id) => !failed.includes(id));
  const { messages } = await scene.connection.admin.browse(queue);
  deepEqual(
    messages.map(({ message }) => idIn(message)),
    accepted,
  );
}

function idIn(message: Message): string {
  return message.properties.messageId;
}
