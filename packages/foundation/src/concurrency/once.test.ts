import { expect, test } from "vitest";

import { Once } from "./once.ts";

test("work is done once for all who ask, before it is done and after", async () => {
  let runs = 0;
  const once = new Once(async () => (runs += 1));
  expect([once.isBegun, once.isDone]).toEqual([false, false]);
  const asked = [once.run(), once.run()];
  expect([once.isBegun, once.isDone]).toEqual([true, false]);
  expect(await Promise.all([...asked, once.run()])).toEqual([1, 1, 1]);
  expect([once.isDone, await once.end()]).toEqual([true, 1]);
});

test("work that failed is told to all who waited, and done anew by the next", async () => {
  const faults = [new Error("no")];
  const once = new Once(async () => {
    for (const fault of faults.splice(0)) throw fault;
    return "done";
  });
  const asked = [once.run(), once.run()];
  for (const each of asked) await expect(each).rejects.toThrow("no");
  expect([once.isBegun, await once.end()]).toEqual([false, undefined]);
  expect(await once.run()).toBe("done");
});

test("what was done is done anew once it is forgotten", async () => {
  let runs = 0;
  const once = new Once(async () => (runs += 1));
  await once.run();
  once.forget();
  expect([once.isBegun, once.isDone, await once.end()]).toEqual([false, false, undefined]);
  expect(await once.run()).toBe(2);
});

test("work that was forgotten under way says nothing of what was begun after it", async () => {
  const attempts = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  let begun = 0;
  const once = new Once(() => attempts[begun++]!.promise);
  const first = once.run();
  once.forget();
  const second = once.run();
  attempts[0]?.reject(new Error("late"));
  await expect(first).rejects.toThrow("late");
  expect([once.isBegun, once.isDone]).toEqual([true, false]);
  attempts[1]?.resolve("new");
  expect([await second, once.isDone]).toEqual(["new", true]);
});
