import { deepEqual, equal, ok } from "node:assert/strict";
import type { Headers, Message } from "@lovage/transport";
import type { MessageSpec } from "../message-spec.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

const encoder = new TextEncoder();

/** What goes in comes out. */
export const contentConcern: Concern = {
  name: "content",
  cases: [
    {
      name: "a body of every byte comes back byte by byte",
      async run(scene) {
        const body = Uint8Array.from({ length: 1_024 }, (_, index) => index % 256);
        deepEqual(bytes(await sent(scene, { id: "a", body })), [...body]);
      },
    },
    {
      name: "an empty body stays empty",
      async run(scene) {
        deepEqual(bytes(await sent(scene, { id: "a", body: new Uint8Array() })), []);
      },
    },
    {
      name: "a body that is no UTF-8 and one with a zero byte come back as they are",
      async run(scene) {
        for (const body of [[0xff, 0xfe, 0xc0, 0x80], [0], [0x41, 0, 0x42]]) {
          deepEqual(bytes(await sent(scene, { id: "a", body: Uint8Array.from(body) })), body);
        }
      },
    },
    {
      name: "a message of the largest size goes through",
      async run(scene) {
        const queue = await scene.queue();
        // Queues of one broker differ in it.
        const { maxMessageBytes } = scene.connection.capabilitiesOf(queue);
        const size = Math.min(maxMessageBytes, 8 * 1024 * 1024) - 1_024;
        const message = await sentTo(scene, queue, { id: "a", body: new Uint8Array(size).fill(7) });
        equal(message.body.byteLength, size);
        ok(message.body.every((byte) => byte === 7));
      },
    },
    {
      name: "headers of every JSON kind come back as they were",
      async run(scene) {
        const headers: Headers = {
          text: "x",
          empty: "",
          whole: 42,
          negative: -1,
          fraction: 0.5,
          large: Number.MAX_SAFE_INTEGER,
          yes: true,
          no: false,
          nothing: null,
          list: [1, "two", [3], { four: 4 }],
          deep: { a: { b: { c: [null] } } },
          "x-task.name": "dotted",
        };
        deepEqual(plain((await sent(scene, { id: "a", headers })).headers), plain(headers));
      },
    },
    {
      name: "headers in any script come back as they were",
      async run(scene) {
        const headers = { größe: "müß", 名前: "タスク", "🥬": "🌿\u0000\n\t\"'\\", "": "empty name" };
        deepEqual(plain((await sent(scene, { id: "a", headers })).headers), headers);
      },
    },
    {
      name: "headers named like parts of a prototype are only headers",
      async run(scene) {
        const text = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":"x"}';
        const message = await sent(scene, { id: "a", headers: JSON.parse(text) as Headers });
        equal(Reflect.get({}, "polluted"), undefined, "Object.prototype was polluted");
        equal(JSON.stringify(message.headers), text);
      },
    },
    {
      name: "headers named like a broker's own words are only headers, in copies too",
      async run(scene) {
        const commands = {
          CC: "boss@example.com",
          BCC: ["other"],
          expiration: "1",
          "x-match": "all",
          delay_ms: 60_000,
        };
        const headers = {
          ...commands,
          "x-death": [{ count: 3 }],
          "x-delivery-count": 7,
          "x-first-death-queue": "mail",
        };
        const queue = await scene.queue();
        await scene.publish(queue, { id: "a", headers });
        const consumer = await scene.consume(queue);
        const [first] = await consumer.take(1);
        deepEqual(plain(first?.message.headers ?? {}), headers);
        await first?.release();
        const [second] = await consumer.take(1);
        deepEqual(plain(second?.message.headers ?? {}), headers);
      },
    },
    {
      name: "all properties come back as they were",
      async run(scene) {
        const spec = {
          id: "id:0/ü",
          contentType: "application/x-msgpack",
          contentEncoding: "binary",
          correlationId: "c-1",
          replyTo: "replies",
          key: "tenant '1' {x}",
          ...(scene.capabilities.priorities ? { priority: 7 } : {}),
        };
        const { id, ...rest } = spec;
        deepEqual(plain((await sent(scene, spec)).properties), { messageId: id, ...rest });
      },
    },
    {
      name: "a body that is a part of a larger buffer arrives as that part alone",
      async run(scene) {
        const buffer = encoder.encode("first!");
        const queue = await scene.queue();
        await scene.publish(queue, { id: "a", body: buffer.slice() }, { id: "b", body: buffer.subarray(1, 3) });
        const [, second] = await (await scene.consume(queue, { prefetch: 2 })).take(2);
        deepEqual(second && bytes(second.message), [...encoder.encode("ir")]);
      },
    },
  ],
};

/** The message as a consumer gets it. */
async function sent(scene: Scene, spec: MessageSpec): Promise<Message> {
  return await sentTo(scene, await scene.queue(), spec);
}

async function sentTo(scene: Scene, queue: string, spec: MessageSpec): Promise<Message> {
  await scene.publish(queue, spec);
  const delivery = await (await scene.consume(queue)).next();
  await delivery.ack();
  return delivery.message;
}

function bytes(message: Message): number[] {
  return [...message.body];
}

/** Without the prototypes, which a driver may choose. */
function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}
