import { randomUUID } from "node:crypto";
import type { BrowsedMessage, Message, OutgoingMessage } from "@lovage/transport";
import { expect } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { countsOf } from "../scene/counts-of.ts";
import { fault } from "../scene/fault.ts";

type Corrupt = Partial<Pick<OutgoingMessage, "headers" | "body">> & {
  readonly properties?: Partial<OutgoingMessage["properties"]>;
};

const good = Buffer.from("[[1],{},{}]");

/** What comes from programs that are not ours, or was damaged on its way. */
const corrupt: Readonly<Record<string, Corrupt>> = {
  "no JSON": { body: Buffer.from("{[") },
  truncated: { body: good.subarray(0, 5) },
  "no UTF-8": { body: Buffer.from([0x22, 0xff, 0xfe, 0x22]) },
  empty: { body: Buffer.alloc(0) },
  "JSON of another shape": { body: Buffer.from('{"hello":"world"}') },
  "arguments that are no array": { body: Buffer.from('["x",{},{}]') },
  "an unknown codec": { properties: { contentType: "application/x-unknown" } },
  "a pickle": { properties: { contentType: "application/x-python-serialize", contentEncoding: "binary" } },
  "an unknown encoding": { properties: { contentEncoding: "utf-7" } },
  "another version: no headers": { headers: {} },
  "a task name of another type": { headers: { id: "x", task: 5 } },
  "deeply nested": { body: Buffer.from("[".repeat(100_000)) },
};

fault(
  50,
  "messages that cannot be decoded become dead letters with their bytes kept, and the queue flows on",
  async (scene) => {
    const app = scene.createApp();
    const runs: unknown[] = [];
    const take = app.task("take", (value: unknown) => void runs.push(value));
    await using worker = app.worker({ concurrency: 2 });
    const transport = await scene.openTransport();
    await transport.declare({ queues: [{ name: "default" }] });
    const sent = Object.entries(corrupt).map(([what, changes]) => ({ what, message: messageOf(changes) }));
    await transport.publish(sent.map(({ message }) => message));
    const ok = await take.delay("after them");
    await worker.start();
    await ok.get({ timeout: "10s" });

    let dead: readonly BrowsedMessage[] = [];
    const isDead = (message: Message): boolean => dead.some((letter) => idOf(letter.message) === idOf(message));
    await eventually(
      async () => {
        dead = (await transport.admin.browse("default.dead", { limit: 100 })).messages;
        return sent.every(({ message }) => isDead(message));
      },
      {
        what: `${sent.length} dead letters`,
        withinMs: 10_000,
        describe: () =>
          `Missing: ${sent
            .filter(({ message }) => !isDead(message))
            .map(({ what }) => what)
            .join(", ")}`,
      },
    );
    for (const { what, message } of sent) {
      const letter = dead.find(({ message: { properties } }) => properties.messageId === message.properties.messageId);
      expect(letter?.death, `for ${what}`).toMatchObject({ queue: "default", reason: "undecodable", count: 1 });
      expect(Buffer.from(letter!.message.body).equals(Buffer.from(message.body)), `${what}: bytes`).toBe(true);
    }
    expect(runs).toEqual(["after them"]);
    expect(await countsOf(app)).toMatchObject({ ready: 0, delayed: 0 });
    await worker.stop();
  },
);

fault(50, "whoever waits for a message that cannot be decoded is told, if its id can be read", async (scene) => {
  const app = scene.createApp();
  app.task("take", () => {});
  await using worker = app.worker();
  const transport = await scene.openTransport();
  await transport.declare({ queues: [{ name: "default" }] });
  const message = messageOf({ body: Buffer.from("{[") });
  await transport.publish([message]);
  await worker.start();
  const result = app.result(message.properties.correlationId ?? "");
  await expect(result.get({ timeout: "10s" })).rejects.toMatchObject({
    code: "REMOTE_TASK_FAILED",
    name: "PayloadDecodeError",
  });
  await worker.stop();
});

function idOf({ properties }: Message): string {
  return properties.messageId;
}

function messageOf({ headers, properties, body = good }: Corrupt): OutgoingMessage {
  const id = randomUUID();
  return {
    to: "default",
    headers: headers ?? { lang: "js", task: "take", id, root_id: id, retries: 0, argsrepr: "(1,)", kwargsrepr: "{}" },
    properties: {
      messageId: `${id}:0`,
      contentType: "application/json",
      contentEncoding: "utf-8",
      correlationId: id,
      ...properties,
    },
    body,
  };
}
