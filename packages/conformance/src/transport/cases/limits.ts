import { deepEqual, equal, ok } from "node:assert/strict";
import type { MessageTooLargeError } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { idOf, messageTo } from "../message-spec.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

const badNames: readonly (readonly [what: string, name: string])[] = [
  ["nothing", ""],
  ["300 characters", "x".repeat(300)],
  ["a single quote", "it's"],
  ["a double quote", 'a"b'],
  ["an end of a statement", "x;-- DROP TABLE messages"],
  ["a percent sign", "50%"],
  ["a newline", "a\nb"],
  ["a zero byte", "a\0b"],
  ["a hash tag of Redis", "{a}"],
  ["an emoji", "🥬"],
  ["a way out of a folder", "../queue"],
  ["a name of a prototype", "__proto__"],
  ["a space", "a b"],
  ["a backslash", "a\\b"],
];
const goodNames = ["a", "A.b-c_d:e/f@g~h+i", "0", "x".repeat(120), "select", "null", "toString"];

/** Limits are told early, by typed errors and before any I/O. */
export const limitsConcern: Concern = {
  name: "limits",
  cases: [
    ...badNames.map(([what, name]) => ({
      name: `a queue whose name has ${what} is refused before any I/O`,
      async run(scene: Scene): Promise<void> {
        const before = await scene.connection.admin.list();
        await expectCode(scene.connection.declare({ queues: [{ name }] }), "NAME_INVALID");
        const made = (await scene.connection.admin.list()).filter((each) => !before.includes(each));
        ok(!made.includes(name), "the queue was made");
      },
    })),
    {
      name: "a queue may have every name that is allowed, and keeps its messages apart",
      async run(scene) {
        const prefix = scene.newName();
        const names = goodNames.map((name) =>
          name.length > 100 ? `${prefix}${name}`.slice(0, 190) : `${prefix}.${name}`,
        );
        await scene.connection.declare({ queues: names.map((name) => ({ name })) });
        await scene.connection.publish(names.map((name) => messageTo(name, `in ${name}`)));
        for (const name of names) {
          const inbox = await scene.consume(name, { acks: true });
          equal(idOf(await inbox.next()), `in ${name}`);
        }
        for (const name of names) await scene.connection.admin.delete(name);
      },
    },
    {
      name: "a message one byte over the limit is refused with both sizes, and one below goes through",
      async run(scene) {
        const queue = await scene.queue();
        const { maxMessageBytes } = scene.connection.capabilitiesOf(queue);
        const size = Math.min(maxMessageBytes, Number.MAX_SAFE_INTEGER);
        const error = await expectCode(
          scene.publish(queue, { id: "a", body: new Uint8Array(size) }),
          "MESSAGE_TOO_LARGE",
        );
        const { bytes, maxBytes } = error as MessageTooLargeError;
        ok(bytes > maxBytes && maxBytes === maxMessageBytes, `${bytes} of ${maxBytes} bytes`);
        await scene.publish(queue, { id: "b", body: new Uint8Array(size - 1_024) });
        equal((await scene.stats(queue)).ready, 1);
      },
    },
    {
      name: "headers count as part of the message",
      async run(scene) {
        const queue = await scene.queue();
        const headers = { large: "x".repeat(scene.capabilities.maxMessageBytes) };
        await expectCode(scene.publish(queue, { id: "a", headers }), "MESSAGE_TOO_LARGE");
      },
    },
    {
      name: "an empty message id, a key that is too long and one with a zero character are refused",
      async run(scene) {
        const queue = await scene.queue();
        await expectCode(scene.publish(queue, { id: "" }), "OPTION_INVALID");
        await expectCode(scene.publish(queue, { id: "a", key: "k".repeat(201) }), "OPTION_INVALID");
        await expectCode(scene.publish(queue, { id: "a", key: "a\0b" }), "OPTION_INVALID");
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "keys and message ids with quotes, statements, newlines and emoji are only data",
      async run(scene) {
        const queue = await scene.queue();
        const hostile = ["it's", '"; DROP TABLE x;--', "a\nb", "%s%n", "{x}*?[a]", "🥬", "__proto__", "\\0", "null"];
        await scene.publish(queue, ...hostile.map((text) => ({ id: text, key: text, correlationId: text })));
        const inbox = await scene.consume(queue, { prefetch: hostile.length, acks: true });
        await inbox.take(hostile.length);
        deepEqual(new Set(inbox.ids), new Set(hostile));
        for (const { message } of inbox.deliveries) equal(message.properties.key, message.properties.messageId);
        await scene.untilEmpty(queue);
      },
    },
  ],
};
