import { chain } from "lovage";
import { expect, test } from "vitest";
import { createTestApp } from "./create-test-app.ts";
// oxlint-disable-next-line import/no-unassigned-import -- as users take it: it extends `expect`
import "./vitest.ts";

test("what was sent is told with its arguments, whoever sent it", async () => {
  await using tested = await createTestApp();
  const mail = tested.app.task("mail", (to: string, text: string) => `${to}: ${text}`);
  const welcome = tested.app.task("welcome", async (to: string) => {
    await mail.applyAsync([to, "welcome"], { countdown: "1h", queue: "default" });
  });
  expect(tested).not.toHaveSent(welcome);
  await welcome.delay("ada@example.org");
  expect(tested).toHaveSent("welcome", ["ada@example.org"]);
  await tested.run({ within: "2h" });
  expect(tested).toHaveSent(mail, ["ada@example.org", expect.any(String)]);
  expect(tested).not.toHaveSent(mail, ["bob@example.org", expect.any(String)]);
  expect(tested.sent).toEqual([
    expect.objectContaining({ task: "welcome", delayMs: 0, retries: 0 }),
    expect.objectContaining({ task: "mail", delayMs: 3_600_000, queue: "default" }),
  ]);
});

test("retries and the next steps of a chain are sent calls as well", async () => {
  await using tested = await createTestApp();
  let runs = 0;
  const first = tested.app.task("first", { retryFor: true, retryJitter: false }, (n: number) => {
    runs += 1;
    if (runs === 1) throw new Error("not yet");
    return n + 1;
  });
  const second = tested.app.task("second", (n: number) => n * 2);
  const result = await chain(first.s(1), second.s()).delay();
  await tested.run();
  await expect(result).toHaveSucceeded(4);
  expect(tested.sent.map(({ task, retries }) => [task, retries])).toEqual([
    ["first", 0],
    ["first", 1],
    ["second", 0],
  ]);
});

test("success and failure are told with what was expected", async () => {
  await using tested = await createTestApp();
  const add = tested.app.task("add", (x: number, y: number) => x + y);
  const fail = tested.app.task("fail", () => {
    throw new RangeError("out of cheese");
  });
  const [sum, failure] = [await add.applyAsync([2, 3], { countdown: "1m" }), await fail.delay()];
  await expect(sum).not.toHaveSucceeded();
  await tested.run();
  await expect(sum).toHaveSucceeded();
  await expect(sum).toHaveSucceeded(5);
  await expect(sum).not.toHaveSucceeded(6);
  await expect(sum).not.toHaveFailed();
  await expect(failure).toHaveFailed();
  await expect(failure).toHaveFailed("out of cheese");
  await expect(failure).toHaveFailed(/^RangeError: out/);
  await expect(failure).not.toHaveFailed("TypeError");
  await expect(expect(failure).toHaveSucceeded(1)).rejects.toThrow(
    /Expected success with [^]*FAILURE with [^]*out of cheese/,
  );
  expect(() => expect(tested).toHaveSent("add", [9, 9])).toThrow(/Expected a call of add with [^]*Sent: [^]*add/);
});
