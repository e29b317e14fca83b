import { describe, expect, test } from "vitest";
import { prometheusText } from "./prometheus-text.ts";
import { TaskCounters } from "./task-counters.ts";
import { mergeMetrics, noMetrics, pastMetrics } from "./worker-metrics.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";

const one: WorkerMetrics = {
  processes: 1,
  tasks: [{ task: "shop.add", outcome: "success", count: 2 }],
  running: 3,
  buffered: 4,
  loopDelay: { p50: 0.01, p99: 0.02, max: 0.5 },
  queues: [{ queue: "default", fetchedAtMs: 1_000, settledAtMs: undefined }],
};

describe("figures of several processes", () => {
  test("are counts added, the slowest loop and the latest progress", () => {
    const other: WorkerMetrics = {
      ...one,
      tasks: [
        { task: "shop.add", outcome: "success", count: 5 },
        { task: "shop.add", outcome: "failure", count: 1 },
      ],
      loopDelay: { p50: 0.02, p99: 0.01, max: 0.1 },
      queues: [{ queue: "default", fetchedAtMs: 900, settledAtMs: 950 }, { queue: "mail" }],
    };
    expect(mergeMetrics([one, other])).toEqual({
      processes: 2,
      tasks: [
        { task: "shop.add", outcome: "success", count: 7 },
        { task: "shop.add", outcome: "failure", count: 1 },
      ],
      running: 6,
      buffered: 8,
      loopDelay: { p50: 0.02, p99: 0.02, max: 0.5 },
      queues: [
        { queue: "default", fetchedAtMs: 1_000, settledAtMs: 950 },
        { queue: "mail", fetchedAtMs: undefined, settledAtMs: undefined },
      ],
    });
  });

  test("keep what an ended process has done, not what it held", () => {
    const merged = mergeMetrics([pastMetrics(one), noMetrics]);
    expect(merged).toMatchObject({ processes: 0, running: 0, buffered: 0, tasks: one.tasks });
  });
});

describe("counters of tasks", () => {
  test("count by task and outcome", () => {
    const counters = new TaskCounters(() => true);
    for (const outcome of ["success", "failure", "success"]) counters.add("b", outcome);
    counters.add("a", "success");
    expect(counters.read()).toEqual([
      { task: "a", outcome: "success", count: 1 },
      { task: "b", outcome: "failure", count: 1 },
      { task: "b", outcome: "success", count: 2 },
    ]);
  });

  test("count all names that the app does not know as one", () => {
    const counters = new TaskCounters((task) => task === "shop.add");
    for (let index = 0; index < 100; index += 1) counters.add(`made-up-${index}`, "failure");
    expect(counters.read()).toEqual([{ task: "(unknown)", outcome: "failure", count: 100 }]);
  });
});

describe("the text for Prometheus", () => {
  test("has help and type before the samples of each family", () => {
    const lines = prometheusText(one, "1.2.3").split("\n");
    expect(lines).toContain('lovage_info{version="1.2.3"} 1');
    expect(lines).toContain('lovage_tasks_total{task="shop.add",outcome="success"} 2');
    expect(lines).toContain("# TYPE lovage_tasks_total counter");
    expect(lines).toContain("lovage_tasks_running 3");
    expect(lines).toContain('lovage_last_fetched_timestamp_seconds{queue="default"} 1');
    expect(lines.some((line) => line.includes("last_settled"))).toBe(false);
    expect(lines).toContain('lovage_event_loop_delay_seconds{quantile="1"} 0.5');
    expect(lines.at(-1)).toBe("");
  });

  test("escapes what stands in labels", () => {
    const text = prometheusText({ ...noMetrics, tasks: [{ task: 'a"\\\nb', outcome: "success", count: 1 }] }, "1");
    expect(text).toContain(String.raw`task="a\"\\\nb"`);
  });
});
