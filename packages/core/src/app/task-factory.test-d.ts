import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { chain } from "../canvas/chain.ts";
import { group } from "../canvas/group.ts";
import type { GroupSignature } from "../canvas/signature.ts";
import type { Received } from "../result/received.ts";
import { createApp } from "./create-app.ts";
import { defineTask } from "./define-task.ts";
import type { AsyncResult } from "../result/async-result.ts";
import type { TaskContext } from "../worker/run/task-context.ts";
import type { TaskFactory } from "./task-factory.ts";
import type { Task } from "./task.ts";

interface Size {
  readonly size?: number;
}

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

test("unions of results are kept, with null for what was undefined", () => {
  const find = app.task("find", async (id: number): Promise<{ id: number } | undefined> =>
    id > 0 ? { id } : undefined,
  );
  expectTypeOf(find(1)).resolves.toEqualTypeOf<{ id: number } | undefined>();
  expectTypeOf(find.delay(1)).resolves.toEqualTypeOf<AsyncResult<{ id: number } | null>>();
  expectTypeOf(group([find.s(1), find.s(2)])).toEqualTypeOf<
    GroupSignature<[], [{ id: number } | null, { id: number } | null]>
  >();
  const show = app.task("show", (found: { id: number } | null) => String(found?.id));
  void chain(find.s(1), show.s()).delay();
  const wrong = app.task("wrong", (found?: { id: number }) => String(found?.id));
  // @ts-expect-error it is null, which is neither an object nor undefined
  void chain(find.s(1), wrong.s()).delay();
});

test("nothing that a task returns is null, and nobody reads void", () => {
  expectTypeOf<Received<undefined>>().toEqualTypeOf<null>();
  expectTypeOf<Received<void>>().toEqualTypeOf<void>();
  expectTypeOf<Received<boolean | undefined>>().toEqualTypeOf<boolean | null>();
  expectTypeOf<Received<never>>().toEqualTypeOf<never>();
  expectTypeOf<Received<unknown>>().toEqualTypeOf<unknown>();
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

test("a bound handler's default value types its parameter", () => {
  const task = app.task("t", { bind: true }, (_self, x: number, unit = "px", list: readonly string[] = []) => {
    expectTypeOf(unit).toEqualTypeOf<string>();
    return [x, list] as const;
  });
  expectTypeOf(task.delay).parameters.toEqualTypeOf<
    [x: number, unit?: string | undefined, list?: readonly string[] | undefined]
  >();
  expectTypeOf(task.delay(1)).resolves.toEqualTypeOf<AsyncResult<readonly [number, readonly string[]]>>();
  // @ts-expect-error the default value is a text
  void task.delay(1, 2);
  const echo = app.task("echo", { bind: true }, (_self, y = 4) => y);
  expectTypeOf(echo).toEqualTypeOf<Task<(y?: number) => number>>();
  const defaults = defineTask("defaults", { bind: true }, (_self, _at = new Date(), { size = 1 }: Size = {}) => size);
  expectTypeOf(defaults.delay).parameters.toEqualTypeOf<[_at?: Date | undefined, size?: Size | undefined]>();
});

test("a bound handler's rest parameter, tuple and type parameter stay after the context", () => {
  const rest = app.task("rest", { bind: true }, (_self, a: string, ...flags: boolean[]) => [a, flags] as const);
  expectTypeOf(rest.delay).parameters.toEqualTypeOf<[a: string, ...flags: boolean[]]>();
  const tuple = app.task("tuple", { bind: true }, (_self, ...args: [path: string, size?: number]) => args.length);
  expectTypeOf(tuple.delay).parameters.toEqualTypeOf<[path: string, size?: number]>();
  const all = app.task("all", { bind: true }, (...args: [TaskContext, string]) => args[1]);
  expectTypeOf(all.delay).parameters.toEqualTypeOf<[string]>();
  const first = app.task(
    "first",
    { bind: true },
    <T extends string>(_self: TaskContext, of: readonly T[], at = 0) => of[at],
  );
  expectTypeOf(first.delay).parameters.toEqualTypeOf<[of: readonly string[], at?: number | undefined]>();
  expectTypeOf(first.delay(["a"])).resolves.toEqualTypeOf<AsyncResult<string | null>>();
  const none = app.task("none", { bind: true }, () => 1);
  expectTypeOf(none.delay).parameters.toEqualTypeOf<[]>();
  // @ts-expect-error the first parameter is the context
  app.task("t", { bind: true }, (self: string) => self);
});

test("a parameter without a type or a default takes nothing, bound or not", () => {
  const free = app.task("free", (x) => [x]);
  expectTypeOf(free.delay).parameters.toEqualTypeOf<[x: never]>();
  const bound = app.task("bound", { bind: true }, (_self, x) => [x]);
  expectTypeOf(bound.delay).parameters.toEqualTypeOf<[x: never]>();
});

test("a schema's default may be one of the handler's too", () => {
  const input = z.tuple([z.string(), z.number().optional()]);
  const task = app.task("t", { bind: true, input }, (_self, text, times = 1) => text.repeat(times));
  expectTypeOf(task.delay).parameters.toEqualTypeOf<[string, (number | undefined)?]>();
  const free = app.task("free", { input }, (text, times = 1) => text.repeat(times));
  expectTypeOf(free.delay).parameters.toEqualTypeOf<[string, (number | undefined)?]>();
});

test("constant arguments are taken as they are", () => {
  const add = app.task("add", (x: number, y = 1) => x + y);
  const list = [[1, 2], [3]] as const;
  expectTypeOf(add.applyMany(list)).resolves.toEqualTypeOf<readonly AsyncResult<number>[]>();
  expectTypeOf(add.applyAsync(list[0])).resolves.toEqualTypeOf<AsyncResult<number>>();
  void add.applyAsync([] as const, { kwargs: { x: 1 } });
  void add.s().applyAsync(list[1]);
  const texts = ["1", 2] as const;
  // @ts-expect-error wrong type
  void add.applyAsync(texts);
});

test("an app takes tasks of any arguments", () => {
  const either = defineTask("either", (...args: [path: string] | [width: number, height: number]) => args.length);
  expectTypeOf(either.delay).parameters.toEqualTypeOf<[path: string] | [width: number, height: number]>();
  const last = defineTask("last", (...args: [...words: string[], times: number]) => args.length);
  const checked = defineTask(
    "checked",
    { input: z.union([z.tuple([z.string()]), z.tuple([z.number(), z.number()])]) },
    (...args) => args.length,
  );
  createApp({ tasks: [either, last, checked] });
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
