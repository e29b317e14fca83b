import { expect, test } from "vitest";

import { FailureNews } from "./failure-news.ts";
import { silentLog } from "./log.ts";

test("a failure is a warning once, until the work has succeeded in between", () => {
  const told: unknown[] = [];
  const note =
    (level: string) =>
    (...line: readonly unknown[]): void =>
      void told.push([level, ...line]);
  const news = new FailureNews({ ...silentLog, debug: note("debug"), warn: note("warn") }, "It failed.");
  news.failed(new Error("a"));
  news.failed(new Error("b"));
  news.succeeded();
  news.failed(new Error("c"));
  expect(told).toEqual([
    ["warn", "It failed.", { error: "a" }],
    ["debug", "It failed.", { error: "b" }],
    ["warn", "It failed.", { error: "c" }],
  ]);
});
