import { expect, test } from "vitest";
import { untilIdle } from "./until-idle.ts";

const never = () => Promise.withResolvers<number>().promise;
const failure = (text: string) => () => new Error(text);

/** As Node says that nothing is left to do. */
const runEmpty = () => process.emit("beforeExit", 0);

test("what settles is what it settles with, and nobody listens on", async () => {
  const before = process.listenerCount("beforeExit");
  expect(await untilIdle(() => Promise.resolve(3), failure("idle"))).toBe(3);
  await expect(untilIdle(() => Promise.reject(new Error("its own")), failure("idle"))).rejects.toThrow("its own");
  expect(process.listenerCount("beforeExit")).toBe(before);
});

test("what nothing can settle any more fails with the reason of the innermost", async () => {
  const waited = untilIdle(() => untilIdle(never, failure("the module")), failure("the command"));
  runEmpty();
  await expect(waited).rejects.toThrow("the module");
});

test("what goes on after that and gets no further fails with its own", async () => {
  const waited = untilIdle(async () => {
    await untilIdle(never, failure("the module")).catch(never);
  }, failure("the command"));
  runEmpty();
  await new Promise(setImmediate);
  runEmpty();
  await expect(waited).rejects.toThrow("the command");
});
