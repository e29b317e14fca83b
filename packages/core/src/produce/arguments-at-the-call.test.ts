import { virtualClock } from "@lovage/foundation";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createApp } from "../app/create-app.ts";
import { defineSchedule } from "../beat/definition/schedule-definition.ts";
import { every } from "../beat/schedule/every.ts";
import { chain } from "../canvas/chain.ts";
import { group } from "../canvas/group.ts";
import { decodeTask } from "../protocol/decode-task.ts";
import { fakeConnection } from "../test-support/fake-connection.ts";
import { recordedLog } from "../test-support/recorded-log.ts";

interface Order {
  n: number;
  when: Date;
  lines: { sku: string }[];
}

const order = (): Order => ({ n: 0, when: new Date(1_000), lines: [{ sku: "a" }] });

const change = (given: Order): void => {
  given.n += 1;
  given.when.setTime(5_000);
  given.lines[0]!.sku = "b";
  given.lines.push({ sku: "c" });
};

const setUp = async (isWarm: boolean) => {
  const connection = fakeConnection();
  const app = createApp({ broker: connection, log: recordedLog(), clock: virtualClock() });
  const plain = app.task("plain", (given: Order) => given.n);
  const checked = app.task(
    "checked",
    { input: z.tuple([z.object({ n: z.number(), when: z.date(), lines: z.array(z.object({ sku: z.string() })) })]) },
    (given) => given.n,
  );
  if (isWarm) await app.task("other", () => 1).delay();
  connection.published.length = 0;
  const sent = () => connection.published.map((message) => decodeTask(message));
  return { app, plain, checked, sent };
};

const optional = (app: ReturnType<typeof createApp>) =>
  app.task("optional", (a: number, b?: number, c?: number) => [a, b, c]);

type Tasks = Awaited<ReturnType<typeof setUp>>;

const ways: readonly [string, (tasks: Tasks, given: Order) => Promise<unknown>][] = [
  ["delay", ({ plain }, given) => plain.delay(given)],
  ["delay of a task with a schema", ({ checked }, given) => checked.delay(given)],
  ["applyAsync", ({ plain }, given) => plain.applyAsync([given], { priority: 3 })],
  ["applyAsync with a link", ({ plain }, given) => plain.applyAsync([given], { link: plain.si(order()) as never })],
  ["applyMany", ({ plain }, given) => plain.applyMany([[given]])],
  ["a signature", ({ plain }, given) => plain.s(given).delay()],
  ["a signature's own delay", ({ plain }, given) => plain.s().delay(given)],
  ["a group", ({ plain }, given) => group([plain.s(given), plain.s(given)]).delay()],
];

describe.each([
  ["while the app loads", false],
  ["once it is ready", true],
])("the arguments of a call %s are those at the call", (_, isWarm) => {
  test.each(ways)("%s", async (_way, send) => {
    const tasks = await setUp(isWarm);
    const given = order();
    const sending = send(tasks, given);
    change(given);
    await sending;
    for (const { args } of tasks.sent()) expect(args).toEqual([order()]);
  });

  test("kwargs and headers, too", async () => {
    const { app, plain, sent } = await setUp(isWarm);
    const kwargs = { given: order() };
    const headers = { tags: ["a"] };
    const signature = app
      .task("bare", () => 1)
      .s()
      .set({ kwargs, headers });
    const sending = [plain.applyAsync([], { kwargs, headers }), signature.delay()];
    change(kwargs.given);
    headers.tags.push("b");
    await Promise.all(sending);
    await signature.delay();
    for (const call of sent()) expect(call).toMatchObject({ kwargs: { given: order() }, headers: { tags: ["a"] } });
    expect(sent()).toHaveLength(3);
  });

  test.each<[string, (task: ReturnType<typeof optional>) => Promise<unknown>]>([
    ["delay", (task) => task.delay(1, undefined, undefined)],
    ["applyAsync", (task) => task.applyAsync([1, undefined])],
    ["applyMany", (task) => task.applyMany([[1, undefined]])],
    ["a signature", (task) => task.s(1, undefined).delay()],
    ["a signature's own delay", (task) => task.s().delay(1, undefined)],
    ["a chain", (task) => chain(task.s(1, undefined), task.si(1, undefined)).delay()],
  ])("undefined at their end is left out: %s", async (_way, send) => {
    const { app, sent } = await setUp(isWarm);
    await send(optional(app));
    expect(sent().map(({ args }) => args)).toEqual([[1]]);
  });

  test("what cannot be sent is refused as ever", async () => {
    const { app, sent } = await setUp(isWarm);
    const any = app.task("any", (value: unknown) => value);
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const throwing = {
      get broken() {
        throw new Error("no");
      },
    };
    for (const value of [circular, throwing, new Map(), [() => 1], { big: 1n }, new Date(Number.NaN)]) {
      for (const send of [
        () => any.delay(value),
        () => any.applyAsync([value], { priority: 1 }),
        () => any.s(value).delay(),
      ])
        await expect(send()).rejects.toMatchObject({ code: "PAYLOAD_ENCODE" });
    }
    expect(sent()).toEqual([]);
  });
});

test("a signature holds what it was given, however often it is sent", async () => {
  const { plain, sent } = await setUp(true);
  const given = order();
  const signature = plain.s(given);
  const steps = chain(plain.si(given), plain.si(given));
  change(given);
  await signature.delay();
  await steps.delay();
  for (const { args } of sent()) expect(args).toEqual([order()]);
});

test("a schedule holds what it was given", () => {
  const given = order();
  const headers = { tags: ["a"] };
  const options = { task: "t", schedule: every("1m"), args: [given], kwargs: { given }, options: { headers } };
  const definition = defineSchedule("s", options);
  change(given);
  headers.tags.push("b");
  expect(definition).toMatchObject({
    args: [order()],
    kwargs: { given: order() },
    options: { headers: { tags: ["a"] } },
  });
});
