import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { createApp, every } from "../../index.ts";
import type { AnyTask, ScheduleOptions } from "../../index.ts";

const app = createApp();
const schedule = every("1m");

test("the arguments of a schedule are those of its task", () => {
  const add = app.task("add", (x: number, y: number) => x + y);
  expectTypeOf(app.schedule<typeof add>)
    .parameter(1)
    .toEqualTypeOf<ScheduleOptions<typeof add>>();
  app.schedule("a", { task: add, schedule, args: [1, 2] });
  app.schedule("a", { task: add, schedule, kwargs: { x: 1, y: 2 } });
  app.schedule("a", { task: add, schedule, args: [1], kwargs: { y: 2 } });
  // @ts-expect-error wrong type
  app.schedule("a", { task: add, schedule, args: [1, "2"] });
  // @ts-expect-error too few
  app.schedule("a", { task: add, schedule, args: [1] });
  // @ts-expect-error too many
  app.schedule("a", { task: add, schedule, args: [1, 2, 3] });
  // @ts-expect-error none
  app.schedule("a", { task: add, schedule });
  // @ts-expect-error wrong type, in the store
  void app.schedules.set("a", { task: add, schedule, args: ["1", 2] });
});

test("arguments that are optional may be left out, and a schema's input counts", () => {
  const greet = app.task("greet", (name?: string) => `Hello ${name}`);
  expectTypeOf<ScheduleOptions<typeof greet>["args"]>().toEqualTypeOf<
    readonly [name?: string | undefined] | undefined
  >();
  app.schedule("a", { task: greet, schedule });
  app.schedule("a", { task: greet, schedule, args: ["Ada"] });
  const load = app.task("load", { input: z.tuple([z.string().transform(Number)]) }, (n: number) => n);
  app.schedule("a", { task: load, schedule, args: ["1"] });
  // @ts-expect-error the schema's output
  app.schedule("a", { task: load, schedule, args: [1] });
  const bound = app.task("bound", { bind: true }, (_self, name: string, times = 1) => name.repeat(times));
  app.schedule("a", { task: bound, schedule, args: ["Ada"] });
  // @ts-expect-error the default value is a number
  app.schedule("a", { task: bound, schedule, args: ["Ada", "twice"] });
});

test("arguments may be constant, and a task whose types are not known is called without any", () => {
  const add = app.task("add", (x: number, y: number) => x + y);
  const options = { task: add, schedule, args: [1, 2] } as const;
  app.schedule("a", options);
  for (const task of [add] as AnyTask[]) app.schedule(task.name, { task, schedule });
  expectTypeOf<ScheduleOptions<AnyTask>["args"]>().toEqualTypeOf<readonly never[] | undefined>();
});

test("a task by name takes any arguments, and options are checked", () => {
  expectTypeOf<ScheduleOptions["args"]>().toEqualTypeOf<readonly unknown[] | undefined>();
  app.schedule("a", { task: "ml.score", schedule, args: [1, "2"], options: { queue: "ml", expires: "1m" } });
  // @ts-expect-error not an option of schedules
  app.schedule("a", { task: "ml.score", schedule, options: { countdown: "1s" } });
  // @ts-expect-error no policy
  app.schedule("a", { task: "ml.score", schedule, missed: "some" });
  // @ts-expect-error no schedule
  app.schedule("a", { task: "ml.score", schedule: "* * * * *" });
});
