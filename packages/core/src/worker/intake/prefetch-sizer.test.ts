import { describe, expect, test } from "vitest";
import { PrefetchSizer } from "./prefetch-sizer.ts";

const run = (sizer: PrefetchSizer, runtimeMs: number, times: number): number[] => {
  const sizes: number[] = [];
  for (let n = 0; n < times; n += 1) if (sizer.measured(runtimeMs)) sizes.push(sizer.resize());
  return sizes;
};

describe("an automatic prefetch", () => {
  test("begins at twice the concurrency", () => {
    expect(new PrefetchSizer({ concurrency: 10, setting: "auto" }).prefetch).toBe(20);
  });

  test("grows fourfold at a time for short tasks, up to 1 000", () => {
    const sizer = new PrefetchSizer({ concurrency: 10, setting: "auto" });
    expect(run(sizer, 0.01, 1_000).slice(0, 4)).toEqual([80, 320, 1_000, 1_000]);
  });

  test("is about a second of work", () => {
    const sizer = new PrefetchSizer({ concurrency: 10, setting: "auto" });
    run(sizer, 100, 1_000);
    expect(sizer.prefetch).toBe(100);
  });

  test("stays at twice the concurrency for long tasks", () => {
    const sizer = new PrefetchSizer({ concurrency: 10, setting: "auto" });
    run(sizer, 60_000, 100);
    expect(sizer.prefetch).toBe(20);
  });

  test("shrinks at once when tasks become longer", () => {
    const sizer = new PrefetchSizer({ concurrency: 10, setting: "auto" });
    run(sizer, 0.01, 1_000);
    sizer.stalled(5_000);
    expect(sizer.resize()).toBe(20);
  });

  test("is never below twice the concurrency, even where that is above 1 000", () => {
    const sizer = new PrefetchSizer({ concurrency: 800, setting: "auto" });
    run(sizer, 0.01, 10_000);
    expect(sizer.prefetch).toBe(1_600);
  });
});

test("a prefetch that was set stays as it is", () => {
  const sizer = new PrefetchSizer({ concurrency: 10, setting: 7 });
  expect(run(sizer, 0.01, 100)).toEqual([]);
  sizer.stalled(60_000);
  expect(sizer.resize()).toBe(7);
});
