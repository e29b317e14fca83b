import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import type { RuntimeSettings, TaskRegistry } from "../app/app-runtime.ts";
import { checkWorkerOptions, resolveWorkerOptions } from "./worker-options.ts";

describe("the options of a worker", () => {
  test.each([
    ["concurrency", { concurrency: 0 }],
    ["concurrency", { concurrency: Number.NaN }],
    ["concurrency", { concurrency: Infinity }],
    ["concurrency", { concurrency: 1e9 }],
    ["prefetch", { prefetch: -1 }],
    ["prefetch", { prefetch: 100_001 }],
    ["prefetch", { prefetch: "many" }],
    ["queues", { queues: [] }],
    ["queues", { queues: "default" }],
    ["pool", { pool: "threads" }],
    ["pool", { pool: "processes" }],
    ["renewal", { renewal: "never" }],
    ["concurency", { concurency: 3 }],
  ])("name the field %s that is wrong", (field, options) => {
    expect(() => checkWorkerOptions(options as never)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", field }) as Error,
    );
  });

  test("go as far as the configuration's", () => {
    expect(() => checkWorkerOptions({ concurrency: 10_000, prefetch: 100_000 })).not.toThrow();
  });

  test.each([{ queues: ["a b"] }, { queues: [""] }, { name: "" }, { queues: ["__proto__"] }])(
    "refuse the name in %j",
    (options) => {
      expect(() => checkWorkerOptions(options)).toThrow(expect.objectContaining({ code: "NAME_INVALID" }) as Error);
    },
  );

  test("take from the app what they do not say", () => {
    const settings = { concurrency: 4, prefetch: "auto" } as RuntimeSettings;
    const tasks = { queues: () => ["default", "mail"] } as unknown as TaskRegistry;
    expect(resolveWorkerOptions({}, { settings, tasks })).toEqual({
      queues: ["default", "mail"],
      concurrency: 4,
      prefetch: "auto",
      renewal: "loop",
      name: `lovage@${hostname()}`,
      listener: {},
    });
    expect(resolveWorkerOptions({ queues: ["a", "a", "b"], prefetch: 3 }, { settings, tasks })).toMatchObject({
      queues: ["a", "b"],
      prefetch: 3,
    });
  });
});
