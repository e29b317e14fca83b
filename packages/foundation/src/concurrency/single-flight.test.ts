import { expect, test } from "vitest";

import { SingleFlight } from "./single-flight.ts";

test("who asks while the work is under way waits for the same, who asks later does it anew", async () => {
  let runs = 0;
  const flight = new SingleFlight(async (name: string) => `${name} ${(runs += 1)}`);
  expect(await Promise.all([flight.run("a"), flight.run("b")])).toEqual(["a 1", "a 1"]);
  expect(await flight.run("c")).toBe("c 2");
});

test("work that fails is told to all who waited, and to nobody who asks later", async () => {
  const faults = [new Error("no")];
  const flight = new SingleFlight(async () => {
    for (const fault of faults.splice(0)) throw fault;
  });
  const asked = [flight.run(), flight.run()];
  for (const each of asked) await expect(each).rejects.toThrow("no");
  await flight.run();
});

test("its end is that of what is under way, however that ends", async () => {
  const attempt = Promise.withResolvers<void>();
  const flight = new SingleFlight(() => attempt.promise);
  await flight.end();
  const asked = flight.run();
  let hasEnded = false;
  const ended = flight.end().then(() => (hasEnded = true));
  await Promise.resolve();
  expect(hasEnded).toBe(false);
  attempt.reject(new Error("no"));
  await expect(asked).rejects.toThrow("no");
  await ended;
});
