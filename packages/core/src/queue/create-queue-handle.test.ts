import { virtualClock } from "@lovage/foundation";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { App } from "../app/app.ts";
import { createApp } from "../app/create-app.ts";
import { runtimeOf } from "../app/runtime-of.ts";
import type { Task } from "../app/task.ts";
import { recordedLog } from "../test-support/recorded-log.ts";
import type { QueueEntry } from "./queue-handle.ts";

let app: App;
let mail: Task<(to: string) => void>;

beforeEach(() => {
  app = createApp({ broker: "memory:", clock: virtualClock(), log: recordedLog() });
  mail = app.task("mail", { queue: "mail" }, (_to: string) => {});
});

afterEach(() => app.close());

const all = async (entries: AsyncIterable<QueueEntry>): Promise<readonly QueueEntry[]> => {
  const found: QueueEntry[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
};

/** Takes messages out of the queue and rejects them. */
async function killAll(queue: string): Promise<void> {
  const connection = await runtimeOf(app).connection();
  const { ready } = await app.queue(queue).stats();
  const rejected: Promise<void>[] = [];
  const consumer = await connection.consume({
    queue,
    prefetch: 100,
    onDelivery: (delivery) => rejected.push(delivery.reject({ reason: "failed", detail: "test" })),
  });
  while (rejected.length < ready) await new Promise<void>((resolve) => void setImmediate(resolve));
  await Promise.all(rejected);
  await consumer.close();
}

describe("a queue", () => {
  test("tells how many messages are where", async () => {
    await mail.delay("a@b.c");
    await mail.applyAsync(["d@e.f"], { countdown: "1h" });
    await expect(app.queue("mail").stats()).resolves.toMatchObject({ queue: "mail", ready: 1, delayed: 1, dead: 0 });
  });

  test("shows what is in it, decoded, and page by page", async () => {
    const results = await mail.applyMany([["1"], ["2"], ["3"]], { priority: 4 });
    const page = await app.queue("mail").list({ limit: 2 });
    expect(page.map(({ taskId, argsRepr }) => [taskId, argsRepr])).toEqual([
      [results[0]?.id, "('1',)"],
      [results[1]?.id, "('2',)"],
    ]);
    expect(page[0]).toMatchObject({
      task: "mail",
      state: "ready",
      retries: 0,
      count: 1,
      priority: 4,
      kwargsRepr: "{}",
    });
    const rest = await app.queue("mail").list({ limit: 2, cursor: page.next });
    expect([rest.length, rest.next]).toEqual([1, undefined]);
    expect((await all(app.queue("mail").list({ limit: 2 }))).map(({ taskId }) => taskId)).toEqual(
      results.map(({ id }) => id),
    );
  });

  test("shows what is delayed, and until when", async () => {
    const at = new Date(2_000_000_000_000);
    const result = await mail.applyAsync(["a"], { eta: at });
    const [entry] = await app.queue("mail").list({ state: "delayed" });
    expect(entry).toMatchObject({ taskId: result.id, state: "delayed", dueAtMs: at.getTime() });
  });

  test("shows by its id what it cannot decode", async () => {
    const { producer, ...runtime } = {
      producer: runtimeOf(app).producer,
      connection: await runtimeOf(app).connection(),
    };
    await producer.declareQueue("mail");
    const properties = { messageId: "odd", contentType: "application/x-python-serialize", contentEncoding: "binary" };
    await runtime.connection.publish([
      { to: "mail", headers: { id: "x", task: "py" }, properties, body: new Uint8Array([1]) },
    ]);
    const [entry] = await app.queue("mail").list();
    expect(entry).toMatchObject({ messageId: "odd", taskId: "x", task: "py", argsRepr: "" });
  });

  test("is emptied of what waits", async () => {
    await mail.applyMany([["1"], ["2"]]);
    await mail.applyAsync(["3"], { countdown: 5_000 });
    await expect(app.queue("mail").purge()).resolves.toBe(3);
    await expect(app.queue("mail").stats()).resolves.toMatchObject({ ready: 0, delayed: 0 });
  });

  test("that does not exist is empty, and can be deleted", async () => {
    const queue = app.queue("nothing");
    expect(await queue.stats()).toMatchObject({ ready: 0 });
    expect([await queue.purge(), (await queue.list()).length, await queue.dead.replay("all")]).toEqual([0, 0, 0]);
    await queue.delete();
    await mail.delay("a");
    await app.queue("mail").delete();
    expect(await app.queue("mail").stats()).toMatchObject({ ready: 0 });
  });

  test("with a bad name, or listed with bad options, is refused", async () => {
    expect(() => app.queue("a b")).toThrow(expect.objectContaining({ code: "NAME_INVALID" }) as Error);
    await mail.delay("a");
    await expect(app.queue("mail").list({ limit: 0 })).rejects.toMatchObject({ code: "OPTION_INVALID" });
    await expect(app.queue("mail").list({ state: "lost" as never })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });
});

test("a queue that was deleted is made again by the next call", async () => {
  await mail.delay("a@b.c");
  await app.queue("mail").delete();
  await expect(app.queue("mail").stats()).resolves.toMatchObject({ ready: 0 });
  await mail.delay("d@e.f");
  await expect(app.queue("mail").stats()).resolves.toMatchObject({ ready: 1 });
});

describe("dead letters", () => {
  test("are listed with what they died of, replayed and dropped", async () => {
    await mail.applyMany(Array.from({ length: 5 }, (_, n) => [`${n}`] as [string]));
    await killAll("mail");
    const { dead } = app.queue("mail");
    const letters = await dead.list();
    expect(letters).toHaveLength(5);
    expect(letters[0]).toMatchObject({
      task: "mail",
      death: { queue: "mail", reason: "failed", detail: "test", count: 1 },
    });
    expect(await dead.replay({ messageIds: [letters[0]!.messageId] })).toBe(1);
    expect(await app.queue("mail").stats()).toMatchObject({ ready: 1, dead: 4 });
    expect(await dead.drop({ first: 1 })).toBe(1);
    expect(await dead.replay("all")).toBe(3);
    expect(await app.queue("mail").stats()).toMatchObject({ ready: 4, dead: 0 });
  });

  test("are dropped altogether", async () => {
    await mail.applyMany([["1"], ["2"]]);
    await killAll("mail");
    expect(await app.queue("mail").dead.drop("all")).toBe(2);
    expect(await app.queue("mail").stats()).toMatchObject({ ready: 0, dead: 0 });
  });
});

describe("what is wrong is told", () => {
  test.each<[string, () => PromiseLike<unknown>, RegExp]>([
    ["a mistyped option", () => app.queue("mail").list({ sate: "ready" } as never), /no option "sate".*"state"/],
    ["no selection", () => app.queue("mail").dead.replay(undefined as never), /selected by "all"/],
    ["a mistyped selection", () => app.queue("mail").dead.drop({ fist: 1 } as never), /selected by "all"/],
    ["a selection of both kinds", () => app.queue("mail").dead.drop({ first: 1, messageIds: [] }), /selected by/],
    ["none at all", () => app.queue("mail").dead.drop({ first: 0 }), /first must be a whole number from 1/],
  ])("%s", async (_what, call, text) => {
    const wrong = { code: "OPTION_INVALID", message: expect.stringMatching(text) as string };
    await expect(Promise.resolve(call())).rejects.toMatchObject(wrong);
  });
});
