import { describe, expect, test } from "vitest";
import { virtualClock } from "@lovage/foundation";
import type { Backend } from "@lovage/backend";
import type { Delivery } from "@lovage/transport";
import { z } from "zod";
import type { AppOptions } from "../app/app-options.ts";
import { createApp } from "../app/create-app.ts";
import { currentTask } from "../app/current-task.ts";
import { runtimeOf } from "../app/runtime-of.ts";
import { chain } from "../canvas/chain.ts";
import { chord } from "../canvas/chord.ts";
import { group } from "../canvas/group.ts";
import { decodeTask } from "../protocol/decode-task.ts";
import { fakeConnection } from "../test-support/fake-connection.ts";
import { memoryBackend } from "../test-support/memory-results.ts";
import { recordedLog } from "../test-support/recorded-log.ts";

const setUp = (options: AppOptions = {}) => {
  const connection = fakeConnection();
  const clock = virtualClock();
  const app = createApp({ broker: connection, log: recordedLog(), clock, ...options });
  const add = app.task("add", { parameters: ["x", "y"] }, (x: number, y: number) => x + y);
  return { app, add, connection, clock, runtime: runtimeOf(app) };
};

const withCode = (code: string, more: Record<string, unknown> = {}): Error =>
  expect.objectContaining({ code, ...more }) as Error;

const rpcLike = { sweep: async () => 0, close: async () => {}, results: { replyTo: "me.reply" } } as unknown as Backend;

describe("a call", () => {
  test("is one message to its queue, which names it and its task", async () => {
    const { add, connection } = setUp();
    const result = await add.delay(1, 2);
    const [message] = connection.published;
    expect(message).toMatchObject({ to: "default", headers: { task: "add", id: result.id } });
    expect(message).not.toHaveProperty("notBefore");
    expect(decodeTask(message!)).toMatchObject({ args: [1, 2], kwargs: {}, retries: 0, rootId: result.id });
    expect(message!.properties.messageId).toBe(`${result.id}:0`);
  });

  test("carries what its options say", async () => {
    const { add, connection } = setUp();
    const options = { queue: "fast", priority: 9, taskId: "my-id", headers: { tenant: "a" }, key: "a" } as const;
    const limits = { timeLimit: "30s", softTimeLimit: "25s", ignoreResult: true, shadow: "adding" } as const;
    const result = await add.applyAsync([2, 3], { ...options, ...limits });
    expect(result.id).toBe("my-id");
    expect(connection.published[0]).toMatchObject({ to: "fast", properties: { priority: 9, key: "a" } });
    expect(decodeTask(connection.published[0]!)).toMatchObject({
      id: "my-id",
      headers: { tenant: "a" },
      timeLimitMs: 30_000,
      softTimeLimitMs: 25_000,
      ignoreResult: true,
      shadow: "adding",
    });
  });

  test("with a countdown is delayed by the broker's clock, one with an eta to that instant", async () => {
    const { add, connection } = setUp();
    const month = 40 * 86_400_000;
    await add.applyAsync([1, 2], { countdown: "40d" });
    await add.applyAsync([1, 2], { eta: new Date(1_900_000_000_000) });
    expect(connection.published.map(({ notBefore }) => notBefore)).toEqual([
      { inMs: month },
      { atMs: 1_900_000_000_000 },
    ]);
    expect(connection.published[0]!.headers).not.toHaveProperty("eta");
  });

  test("to a queue that Celery reads has the eta header as well, and all that Celery writes", async () => {
    const { add, connection, clock } = setUp({ queues: { ml: { consumers: "celery" } } });
    await add.applyAsync([1, 2], { queue: "ml", countdown: 1_000 });
    const [message] = connection.published;
    expect(decodeTask(message!).etaMs).toBe(clock.now() + 1_000);
    expect(message).toMatchObject({
      notBefore: { inMs: 1_000 },
      headers: { argsrepr: "(1, 2)", root_id: expect.any(String) as string },
    });
    expect(connection.declared).toEqual([{ name: "ml", consumers: "celery" }]);
  });

  test("expires after the time that it or its task has, or at an instant", async () => {
    const { app, add, connection, clock } = setUp();
    const mail = app.task("mail", { expires: "1h" }, () => 1);
    await mail.delay();
    await mail.applyAsync([], { expires: "1m" });
    await add.applyAsync([1, 2], { expires: new Date(1_900_000_000_000) });
    const expiries = connection.published.map((message) => decodeTask(message).expiresAtMs);
    expect(expiries).toEqual([clock.now() + 3_600_000, clock.now() + 60_000, 1_900_000_000_000]);
  });

  test("from inside a task inherits its root and names it as its parent", async () => {
    const { add, connection } = setUp();
    await add.delay(1, 2);
    const parent = { ...decodeTask(connection.published[0]!), id: "parent", rootId: "root" };
    await currentTask.run(parent, () => add.delay(1, 2));
    expect(decodeTask(connection.published[1]!)).toMatchObject({ rootId: "root", parentId: "parent" });
  });

  test("shows a schema what the worker will show it, and sends what was given", async () => {
    const { app, connection } = setUp();
    const input = z.tuple([z.string().transform(Number), z.string()]);
    const task = app.task("t", { input, parameters: ["n", "unit"] }, (n, unit) => `${n}${unit}`);
    await task.applyAsync(["3"], { kwargs: { unit: "m" } });
    expect(decodeTask(connection.published[0]!)).toMatchObject({ args: ["3"], kwargs: { unit: "m" } });
    await expect(task.delay("3", 4 as never)).rejects.toThrow(
      withCode("PAYLOAD_INVALID", { issues: [expect.stringContaining("args[1]") as string] }),
    );
  });
});

describe("many calls", () => {
  test("are one batch, with a result each in their order", async () => {
    const { add, connection } = setUp();
    const results = await add.applyMany(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      { queue: "fast", countdown: "1s" },
    );
    expect(connection.batches).toHaveLength(1);
    expect(connection.published.map(({ headers }) => headers["id"])).toEqual(results.map(({ id }) => id));
    expect(connection.published.every(({ to, notBefore }) => to === "fast" && notBefore !== undefined)).toBe(true);
  });

  test("none at all send nothing", async () => {
    const { add, connection } = setUp();
    await expect(add.applyMany([])).resolves.toEqual([]);
    expect(connection.batches).toEqual([]);
  });

  test("are all checked before the first is sent", async () => {
    const { add, connection } = setUp();
    await expect(
      add.applyMany([
        [1, 2],
        [1, 3n as never],
      ]),
    ).rejects.toThrow(withCode("PAYLOAD_ENCODE"));
    expect(connection.batches).toEqual([]);
  });
});

describe("what is wrong is refused before any I/O, by the name of the field", () => {
  test.each([
    ["countdown", -1],
    ["countdown", Number.NaN],
    ["countdown", Infinity],
    ["countdown", "soon"],
    ["countdown", 1e15],
    ["eta", new Date(Number.NaN)],
    ["eta", 5],
    ["priority", 10],
    ["priority", -1],
    ["priority", 1.5],
    ["expires", -1],
    ["expires", new Date(Number.NaN)],
    ["taskId", ""],
    ["taskId", 5],
    ["taskId", "a\nb"],
    ["taskId", "x".repeat(201)],
    ["headers", []],
    ["headers", "a"],
    ["kwargs", new Map()],
    ["ignoreResult", "yes"],
    ["timeLimit", 0],
    ["softTimeLimit", Infinity],
    ["key", "ü".repeat(101)],
    ["countDown", 1],
    ["__proto__", 1],
    ["constructor", 1],
  ])("%s: %o", async (field, value) => {
    const { add, connection } = setUp();
    const options = Object.fromEntries([[field, value]]);
    await expect(add.applyAsync([1, 2], options)).rejects.toThrow(withCode("OPTION_INVALID", { field }));
    expect([connection.declared, connection.batches]).toEqual([[], []]);
  });

  test("a countdown and an eta together", async () => {
    const { add } = setUp();
    const both = add.applyAsync([1, 2], { countdown: 1, eta: new Date() });
    await expect(both).rejects.toThrow(withCode("OPTION_INVALID"));
  });

  test("arguments that are no array", async () => {
    const { add } = setUp();
    await expect(add.applyAsync("ab" as never)).rejects.toThrow(withCode("OPTION_INVALID", { field: "args" }));
    await expect(add.applyMany([1] as never)).rejects.toThrow(withCode("OPTION_INVALID", { field: "args" }));
    await expect(add.applyMany(undefined as never)).rejects.toThrow(withCode("OPTION_INVALID", { field: "args" }));
  });

  test("a bad queue, a body over the limit", async () => {
    const { app, add, connection } = setUp({ maxPayloadBytes: 1_000 });
    await expect(add.applyAsync([1, 2], { queue: "a b" })).rejects.toThrow(withCode("NAME_INVALID"));
    const big = app.task("big", (text: string) => text);
    await expect(big.delay("x".repeat(1_001))).rejects.toThrow(withCode("PAYLOAD_TOO_LARGE"));
    expect([connection.declared, connection.batches]).toEqual([[], []]);
  });
});

describe("queues", () => {
  test("are declared once, as the configuration has them", async () => {
    const { add, connection } = setUp({ queues: { default: { fairness: true, deadLetterRetention: "1d" } } });
    await Promise.all([add.delay(1, 2), add.delay(1, 2)]);
    await add.delay(1, 2);
    await add.applyAsync([1, 2], { queue: "other" });
    expect(connection.declared).toEqual([
      { name: "default", fairness: true, deadLetterRetentionMs: 86_400_000 },
      { name: "other" },
    ]);
  });

  test("of calls made one after the other keep their order, the first of all too", async () => {
    const { app, connection } = setUp();
    const task = app.task("n", (n: number) => n);
    await Promise.all(Array.from({ length: 50 }, (_, n) => task.delay(n)));
    expect(connection.published.map((message) => decodeTask(message).args[0])).toEqual(
      Array.from({ length: 50 }, (_, n) => n),
    );
  });
});

describe("the producer of the runtime", () => {
  test("passes a transaction on", async () => {
    const { add, connection } = setUp();
    const transaction = { begin: true };
    await add.applyAsync([1, 2], { transaction });
    expect(connection.publishOptions).toEqual([{ transaction }]);
  });

  test("sends calls of several tasks in one batch, each to its queue", async () => {
    const { app, runtime, connection } = setUp({ routes: { b: "bees" } });
    app.task("b", () => 1);
    const call = { args: [], kwargs: {}, embed: {}, retries: 0, headers: {} };
    await runtime.producer.send([
      { ...call, id: "1", rootId: "1", task: "add" },
      { ...call, id: "2", rootId: "2", task: "b" },
    ]);
    expect(connection.batches.map((batch) => batch.map(({ to }) => to))).toEqual([["default", "bees"]]);
  });

  test("makes the message of a retry out of the old one's bytes", async () => {
    const { add, runtime, connection } = setUp();
    await add.applyAsync([1, 2], { headers: { tenant: "a" }, queue: "fast" });
    const message = connection.published[0]!;
    const delivery = { queue: "fast", message } as unknown as Delivery;
    const retry = await runtime.producer.prepareRetry(delivery, decodeTask(message), { countdownMs: 500 });
    expect(retry.body).toBe(message.body);
    expect(retry).toMatchObject({ to: "fast", notBefore: { inMs: 500 }, headers: { retries: 1, tenant: "a" } });
    expect(connection.batches).toHaveLength(1);
  });

  test("names the queue for results where results travel by message", async () => {
    const { add, runtime, connection } = setUp({ backend: rpcLike });
    await add.delay(1, 2);
    expect(connection.published[0]!.properties.replyTo).toBe("me.reply");
    const call = { id: "1", rootId: "1", task: "add", args: [], kwargs: {}, embed: {}, retries: 0, headers: {} };
    await expect(runtime.producer.prepare(call)).resolves.toMatchObject({ properties: { replyTo: "me.reply" } });
    const step = runtime.producer.prepare({ ...call, replyTo: "other.reply" });
    await expect(step).resolves.toMatchObject({ properties: { replyTo: "other.reply" } });
  });

  test("names it in every step that another worker will send", async () => {
    const { add, connection } = setUp({ backend: rpcLike });
    await chain(add.s(1, 2), add.s(10).link(add.s(100))).delay();
    await add.applyAsync([1, 2], { linkError: [add.si(3, 4)] });
    const [chained, linked] = connection.published.map((message) => decodeTask(message).embed);
    const link = { options: { reply_to: "me.reply" } };
    expect(chained?.chain).toMatchObject([{ options: { reply_to: "me.reply", link: [link] } }]);
    expect(linked?.errbacks).toMatchObject([link]);
  });
});

describe("what follows a call", () => {
  test("goes with it as signatures", async () => {
    const { add, connection } = setUp();
    await add.applyAsync([1, 2], { link: add.s(3), linkError: [add.si(0, 0), add.si(0, 1)] });
    const { embed } = decodeTask(connection.published[0]!);
    expect(embed.callbacks).toMatchObject([
      { task: "add", args: [3], immutable: false, options: { queue: "default" } },
    ]);
    expect(embed.errbacks).toMatchObject([{ args: [0, 0], immutable: true }, { args: [0, 1] }]);
  });

  test("must be signatures, and a signature has methods for its own", async () => {
    const { add } = setUp();
    const link = add as never;
    await expect(add.applyAsync([1, 2], { link })).rejects.toThrow(withCode("OPTION_INVALID", { field: "link" }));
    await expect(add.s(1, 2).applyAsync([], { transaction: {} } as object)).rejects.toThrow(withCode("OPTION_INVALID"));
  });

  test("as a chain is its first step, with the rest inside", async () => {
    const { add, connection } = setUp({ routes: { add: "sums" } });
    const result = await chain(add.s(1, 2), add.s(10).set({ priority: 3 })).delay();
    expect(connection.published).toHaveLength(1);
    expect(connection.published[0]).toMatchObject({ to: "sums" });
    const { args, embed } = decodeTask(connection.published[0]!);
    expect(args).toEqual([1, 2]);
    expect(embed.chain).toMatchObject([{ args: [10], options: { task_id: result.id, queue: "sums", priority: 3 } }]);
  });

  test("as a chord opens its join before its members are sent", async () => {
    const clock = virtualClock();
    const backend = await memoryBackend(clock);
    const opened: string[] = [];
    const { app, add, connection } = setUp({ backend, clock });
    const { joins } = backend;
    const open = joins!.open.bind(joins);
    joins!.open = (join) => {
      opened.push(`${join.size} members, ${connection.published.length} sent`);
      return open(join);
    };
    const total = app.task("total", (numbers: number[]) => numbers.length);
    await chord(group([add.s(1, 1), add.s(2, 2)]), total.s()).delay();
    expect(opened).toEqual(["2 members, 0 sent"]);
    expect(connection.batches.map((batch) => batch.length)).toEqual([2]);
  });

  test("as a chord needs a backend with joins", async () => {
    const { app, add, connection } = setUp();
    const total = app.task("total", (numbers: number[]) => numbers.length);
    const sent = chord(group([add.s(1, 1), add.s(2, 2)]), total.s()).delay();
    await expect(sent).rejects.toThrow(withCode("FEATURE_UNSUPPORTED"));
    expect(connection.batches).toEqual([]);
  });
});
