import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { createApp } from "./create-app.ts";
import { defineTask } from "./define-task.ts";
import type { AsyncResult } from "../result/async-result.ts";
import type { TaskContext } from "../worker/task-context.ts";
import type { TaskFactory } from "./task-factory.ts";

declare const app: ReturnType<typeof createApp>;

test("a handler alone types the call, the result and the plain function", () => {
  const add = app.task("add", (x: number, y: number) => x + y);
  expectTypeOf(add.delay).parameters.toEqualTypeOf<[x: number, y: number]>();
  expectTypeOf(add.delay(1, 2)).toEqualTypeOf<Promise<AsyncResult<number>>>();
  expectTypeOf(add.applyAsync([1, 2])).toEqualTypeOf<Promise<AsyncResult<number>>>();
  expectTypeOf(add.applyMany([[1, 2]])).toEqualTypeOf<Promise<readonly AsyncResult<number>[]>>();
  expectTypeOf(add).toBeCallableWith(1, 2);
  expectTypeOf(add(1, 2)).toEqualTypeOf<number>();
  expectTypeOf(add.name).toEqualTypeOf<string>();
});

test("a promise is unwrapped in the result, not in the function", () => {
  const load = app.task("load", async (path: string) => path.length);
  expectTypeOf(load.delay("a")).resolves.toEqualTypeOf<AsyncResult<number>>();
  expectTypeOf(load("a")).toEqualTypeOf<Promise<number>>();
});

test("optional and rest parameters stay what they are", () => {
  const task = app.task("t", (a: string, b?: number, ...rest: boolean[]) => [a, b, rest] as const);
  expectTypeOf(task.delay).parameters.toEqualTypeOf<[a: string, b?: number | undefined, ...rest: boolean[]]>();
  void task.delay("a");
  void task.delay("a", 1, true, false);
  // @ts-expect-error a rest argument of another type
  void task.delay("a", 1, "x");
});

test("a generic handler keeps its type parameter as a function and its bounds as a task", () => {
  const pick = app.task("pick", <T extends "a" | "b">(value: T): T => value);
  expectTypeOf(pick("a")).toEqualTypeOf<"a">();
  expectTypeOf(pick.delay("a")).resolves.toEqualTypeOf<AsyncResult<"a" | "b">>();
  // @ts-expect-error outside of the bounds
  void pick.delay("c");
});

test("unions of results are kept", () => {
  const find = app.task("find", async (id: number): Promise<{ id: number } | undefined> =>
    id > 0 ? { id } : undefined,
  );
  expectTypeOf(find.delay(1)).resolves.toEqualTypeOf<AsyncResult<{ id: number } | undefined>>();
});

test("options without a schema change no types", () => {
  const task = app.task("t", { maxRetries: 2, queue: "a", rateLimit: "5/s" }, (x: number) => `${x}`);
  expectTypeOf(task.delay(1)).resolves.toEqualTypeOf<AsyncResult<string>>();
  expectTypeOf(task.delay).parameters.toEqualTypeOf<[x: number]>();
});

test("a bound handler gets the context, its caller does not give one", () => {
  const task = app.task("t", { bind: true }, (self, x: number, y?: string) => {
    expectTypeOf(self).toEqualTypeOf<TaskContext>();
    return `${x}${y}`;
  });
  expectTypeOf(task.delay).parameters.toEqualTypeOf<[x: number, y?: string | undefined]>();
  expectTypeOf(task(1)).toEqualTypeOf<string>();
  const alone = app.task("alone", { bind: true }, async (self) => self.retries);
  expectTypeOf(alone.delay()).resolves.toEqualTypeOf<AsyncResult<number>>();
});

test("a schema types the call by its input and the handler by its output", () => {
  const task = app.task("t", { input: z.tuple([z.string().transform(Number), z.date().optional()]) }, (n, at) => {
    expectTypeOf(n).toEqualTypeOf<number>();
    expectTypeOf(at).toEqualTypeOf<Date | undefined>();
    return n;
  });
  expectTypeOf(task.delay).parameters.toEqualTypeOf<[string, (Date | undefined)?]>();
  expectTypeOf(task("1")).toEqualTypeOf<Promise<number>>();
  expectTypeOf(task.delay("1")).resolves.toEqualTypeOf<AsyncResult<number>>();
});

test("a schema and a context go together", () => {
  const mail = app.task("mail", { bind: true, input: z.tuple([z.email()]), maxRetries: 5 }, async (self, to) => {
    expectTypeOf(self).toEqualTypeOf<TaskContext>();
    expectTypeOf(to).toEqualTypeOf<string>();
  });
  expectTypeOf(mail.delay).parameters.toEqualTypeOf<[string]>();
  expectTypeOf(mail.delay("a@b.c")).resolves.toEqualTypeOf<AsyncResult<void>>();
});

test("a schema with rest elements types rest parameters", () => {
  const task = app.task("t", { input: z.tuple([z.string()]).rest(z.number()) }, (name, ...values) => {
    expectTypeOf(values).toEqualTypeOf<number[]>();
    return name;
  });
  expectTypeOf(task.delay).parameters.toEqualTypeOf<[string, ...number[]]>();
});

test("wrong arguments, options and handlers are errors", () => {
  const add = app.task("add", (x: number, y: number) => x + y);
  expectTypeOf(add.delay).parameters.not.toBeAny();
  // @ts-expect-error wrong type
  void add.delay("1", 2);
  // @ts-expect-error too few
  void add.delay(1);
  // @ts-expect-error too many
  void add.delay(1, 2, 3);
  // @ts-expect-error wrong type in the array
  void add.applyAsync(["1", 2]);
  // @ts-expect-error too few in the array
  void add.applyAsync([1], {});
  // @ts-expect-error an unknown option
  void add.applyAsync([1, 2], { countDown: "1s" });
  // @ts-expect-error not a duration
  void add.applyAsync([1, 2], { countdown: "soon" });
  // @ts-expect-error many calls cannot share an id
  void add.applyMany([[1, 2]], { taskId: "a" });
  // @ts-expect-error an unknown option of a task
  app.task("t", { maxRetry: 2 }, () => 1);
  // @ts-expect-error the handler does not take what the schema gives
  app.task("t", { input: z.tuple([z.string()]) }, (n: number) => n);
  // @ts-expect-error a schema must be one of an array
  app.task("t", { input: z.string() }, (n: string) => n);
});

test("keyword arguments may stand for positions", () => {
  const add = app.task("add", { parameters: ["x", "y"] }, (x: number, y: number) => x + y);
  expectTypeOf(add.applyAsync([1], { kwargs: { y: 2 } })).resolves.toEqualTypeOf<AsyncResult<number>>();
  void add.applyAsync([], { kwargs: { x: 1, y: 2 } });
  void add.applyAsync([1, 2], {
    countdown: "10s",
    eta: new Date(),
    queue: "f",
    priority: 9,
    expires: "1m",
    headers: {},
    kwargs: {},
  });
});

test("defineTask has the same forms", () => {
  expectTypeOf(defineTask).toEqualTypeOf<TaskFactory>();
  const resize = defineTask("resize", async (path: string): Promise<void> => {
    expectTypeOf(path).toEqualTypeOf<string>();
  });
  expectTypeOf(resize.delay("a")).resolves.toEqualTypeOf<AsyncResult<void>>();
  createApp({ tasks: [resize, "./tasks/*.ts"] });
});

test("a remote task is typed by hand", () => {
  const score = app.remote<(text: string) => number>("ml.score", { queue: "ml" });
  expectTypeOf(score.delay("a")).resolves.toEqualTypeOf<AsyncResult<number>>();
  // @ts-expect-error wrong type
  void score.delay(1);
});

test("results give what the task returns, and nothing is any", () => {
  const add = app.task("add", (x: number, y: number) => x + y);
  expectTypeOf<Awaited<ReturnType<typeof add.delay>>["get"]>().returns.resolves.toEqualTypeOf<number>();
  expectTypeOf(app.result<string>("id").get()).resolves.toEqualTypeOf<string>();
  expectTypeOf(app.result("id").get()).resolves.toEqualTypeOf<unknown>();
  expectTypeOf(app.result("id").info()).resolves.toEqualTypeOf<unknown>();
});
