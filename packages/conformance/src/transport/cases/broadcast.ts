import { deepEqual, equal, ok } from "node:assert/strict";
import type { Broadcast, Connection, Message, MessageTooLargeError } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { idsOf, messageTo } from "../message-spec.ts";
import { needs } from "../requirement.ts";
import type { Concern } from "../transport-case.ts";

/** Messages to every live subscriber. */
export const broadcastConcern: Concern = {
  name: "broadcast",
  cases: [
    {
      name: "a broadcast reaches every subscriber of every connection, in order",
      needs: [needs("broadcast")],
      async run(scene) {
        const channel = scene.newName();
        const other = await scene.open();
        const heard = [
          await hear(scene.connection, channel),
          await hear(scene.connection, channel),
          await hear(other, channel),
        ];
        for (const id of idsOf("m", 10)) await publish(other, channel, id);
        await scene.until(() => heard.every(({ ids }) => ids.length === 10), "every subscriber to hear all");
        for (const { ids } of heard) deepEqual(ids, idsOf("m", 10));
      },
    },
    {
      name: "a broadcast carries the message unchanged",
      needs: [needs("broadcast")],
      async run(scene) {
        const channel = scene.newName();
        const { messages } = await hear(scene.connection, channel);
        const sent = messageTo(channel, { id: "a", headers: { ü: [1] }, body: Uint8Array.of(0, 255), replyTo: "r" });
        await broadcastOf(scene.connection).publish(channel, sent);
        await scene.until(() => messages.length === 1, "the broadcast");
        deepEqual([...(messages[0]?.body ?? [])], [0, 255]);
        deepEqual({ ...messages[0]?.headers }, { ü: [1] });
        deepEqual([messages[0]?.properties.messageId, messages[0]?.properties.replyTo], ["a", "r"]);
      },
    },
    {
      name: "a subscriber hears its own channel only",
      needs: [needs("broadcast")],
      async run(scene) {
        const [mine, theirs] = [scene.newName(), scene.newName()];
        const { ids } = await hear(scene.connection, mine);
        await publish(scene.connection, theirs, "other");
        await publish(scene.connection, mine, "own");
        await scene.until(() => ids.length > 0, "the broadcast");
        await scene.always(() => ids.length === 1 && ids[0] === "own", "only the own channel");
      },
    },
    {
      name: "what was published before the subscription is not heard",
      needs: [needs("broadcast")],
      async run(scene) {
        const channel = scene.newName();
        await publish(scene.connection, channel, "before");
        const { ids } = await hear(scene.connection, channel);
        await publish(scene.connection, channel, "after");
        await scene.until(() => ids.length > 0, "the broadcast");
        await scene.always(() => ids.join() === "after", "only what came after");
      },
    },
    {
      name: "a closed subscription hears nothing more; closing twice is harmless",
      needs: [needs("broadcast")],
      async run(scene) {
        const channel = scene.newName();
        const { ids, subscription } = await hear(scene.connection, channel);
        const stays = await hear(scene.connection, channel);
        await Promise.all([subscription.close(), subscription.close()]);
        await publish(scene.connection, channel, "a");
        await scene.until(() => stays.ids.length === 1, "the other subscriber to hear it");
        await scene.always(() => ids.length === 0, "nothing after close");
      },
    },
    {
      name: "a broadcast one byte over the limit is refused with both sizes, and one below is heard",
      needs: [needs("broadcast")],
      async run(scene) {
        const channel = scene.newName();
        const { messages } = await hear(scene.connection, channel);
        const { maxMessageBytes } = scene.connection.capabilities;
        const broadcast = broadcastOf(scene.connection);
        const large = messageTo(channel, { id: "large", body: new Uint8Array(maxMessageBytes) });
        const error = await expectCode(broadcast.publish(channel, large), "MESSAGE_TOO_LARGE");
        const { bytes, maxBytes } = error as MessageTooLargeError;
        ok(bytes > maxBytes && maxBytes === maxMessageBytes, `${bytes} of ${maxBytes} bytes`);
        await broadcast.publish(
          channel,
          messageTo(channel, { id: "a", body: new Uint8Array(maxMessageBytes - 1_024) }),
        );
        await scene.until(() => messages.length === 1, "the smaller one");
        equal(messages[0]?.body.byteLength, maxMessageBytes - 1_024);
      },
    },
    {
      name: "a channel whose name is none of an exchange, and a message without an id, are refused",
      needs: [needs("broadcast")],
      async run(scene) {
        const broadcast = broadcastOf(scene.connection);
        for (const channel of ["", "a\nb", "a\0b"]) {
          await expectCode(broadcast.publish(channel, messageTo(channel, "a")), "NAME_INVALID");
          await expectCode(
            broadcast.subscribe(channel, () => {}),
            "NAME_INVALID",
          );
        }
        await expectCode(publish(scene.connection, scene.newName(), ""), "OPTION_INVALID");
      },
    },
    {
      name: "broadcast is absent where the capability says so, and present where it says so",
      async run(scene) {
        equal(scene.connection.broadcast !== undefined, scene.capabilities.broadcast);
        await Promise.resolve();
      },
    },
  ],
};

function broadcastOf(connection: Connection): Broadcast {
  if (connection.broadcast === undefined)
    throw new Error("The connection has no broadcast, and its capabilities say it has.");
  return connection.broadcast;
}

interface Hearing {
  readonly messages: Message[];
  readonly ids: string[];
  readonly subscription: { close(): Promise<void> };
}

async function hear(connection: Connection, channel: string): Promise<Hearing> {
  const [messages, ids]: [Message[], string[]] = [[], []];
  const subscription = await broadcastOf(connection).subscribe(channel, (message) => {
    messages.push(message);
    ids.push(message.properties.messageId);
  });
  return { messages, ids, subscription };
}

async function publish(connection: Connection, channel: string, id: string): Promise<void> {
  await broadcastOf(connection).publish(channel, messageTo(channel, id));
}
