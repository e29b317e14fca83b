import { expect, test } from "vitest";
import { chain } from "../canvas/chain.ts";
import { every } from "../beat/schedule/every.ts";
import { createApp } from "./create-app.ts";

const app = createApp({ broker: "memory:" });
const add = app.task("add", (x: number, y: number) => x + y);
const one = app.task("one", () => 1);

test.each<[string, () => unknown, RegExp]>([
  ["an option of a call", () => add.applyAsync([1, 2], { countdown: -1 }), /^Task "add": countdown must be/],
  ["a queue of a call", () => add.applyAsync([1, 2], { queue: "a b" }), /^Task "add": "a b" is not a valid queue name/],
  ["no options of calls", () => add.applyMany([[1, 2]], 5 as never), /^Task "add": The options of a call must be/],
  [
    "a mistyped option",
    () => add.applyAsync([1, 2], { countDown: 1 } as object),
    /^Task "add": A call .*"countdown"\?$/,
  ],
  ["a queue of a task", () => app.task("mail", { queue: "a b" }, () => 1), /^Task "mail": "a b" is not a valid queue/],
  ["an option of a step", () => chain(one.s(), add.s(1).set({ priority: 10 })).delay(), /^Task "add": priority must/],
  ["no options of a step", () => add.s(1).set(null as never), /^The options of a signature of task "add" must be/],
  [
    "no arguments",
    () => chain(one.s(), add.s(1)).applyAsync(5 as never),
    /^The arguments that a chain with task "one"/,
  ],
  [
    "keywords of a schedule",
    () => app.schedule("nightly", { task: one, schedule: every("1m"), kwargs: 5 as never }),
    /^Schedule "nightly": kwargs must be/,
  ],
  [
    "a limit that does not fit the task's",
    () => app.task("slow", { timeLimit: "1s" }, () => 1).applyAsync([], { softTimeLimit: "1m" }),
    /^Task "slow": softTimeLimit must be shorter/,
  ],
])("the error of %s names what it was for", async (_what, give, message) => {
  await expect((async () => give())()).rejects.toThrow(message);
});

test("a controller that is given for a signal is told from one", async () => {
  const get = app.result("id").get({ signal: new AbortController() as never });
  await expect(get).rejects.toThrow(/it is AbortController .*, the controller: give its signal\.$/);
});
