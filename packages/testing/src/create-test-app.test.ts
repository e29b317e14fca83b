import { defineTask } from "lovage";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestApp } from "./create-test-app.ts";
import type { TestApp } from "./create-test-app.ts";

let tested: TestApp;

beforeEach(async () => {
  tested = await createTestApp();
});

afterEach(() => tested.close());

describe("what is sent", () => {
  test("runs when the test app runs", async () => {
    const add = tested.app.task("add", (x: number, y: number) => x + y);
    const result = await add.delay(2, 3);
    await tested.run();
    expect(await result.get()).toBe(5);
  });

  test("runs with tasks that have no app of their own", async () => {
    const double = defineTask("double", (n: number) => 2 * n);
    await using other = await createTestApp({ tasks: [double] });
    const result = await double.delay(21);
    await other.run();
    expect(await result.get()).toBe(42);
  });

  test("is listed once, though its worker postpones it: for a limit, or since it does not know the task", async () => {
    const limited = tested.app.task("limited", { rateLimit: "1/m" }, () => {});
    await limited.applyMany([[], [], []]);
    await tested.run();
    await tested.app.remote("unknown").delay();
    await tested.advance("30s");
    const retried = tested.app.task("retried", { retryFor: true, maxRetries: 2 }, () => {
      throw new Error("no");
    });
    await retried.delay();
    await tested.advance("1h");
    expect(tested.sent.map(({ task, retries }) => `${task} ${retries}`).join(", ")).toBe(
      "limited 0, limited 0, limited 0, unknown 0, retried 0, retried 1, retried 2",
    );
  });

  test("in a month runs when a worker is started then", async () => {
    const remind = defineTask("remind", (to: string) => to);
    await using later = await createTestApp({ worker: false, tasks: [remind] });
    const result = await remind.applyAsync(["ada"], { countdown: "30d" });
    await later.advance("30d");
    await later.startWorker();
    await later.run();
    expect(await result.get()).toBe("ada");
  });

  test("runs at its time and not before", async () => {
    const ran: number[] = [];
    const note = tested.app.task("note", () => void ran.push(tested.clock.now()));
    const startedAtMs = tested.clock.now();
    await note.applyAsync([], { countdown: "10s" });
    await tested.advance("9s");
    expect(ran).toEqual([]);
    await tested.run();
    expect(ran).toEqual([startedAtMs + 10_000]);
  });

  test("is retried after its back-off, until it succeeds", async () => {
    const runsAtS: number[] = [];
    const startedAtMs = tested.clock.now();
    const options = { retryFor: true, retryBackoff: "2s", retryJitter: false } as const;
    const flaky = tested.app.task("flaky", options, () => {
      runsAtS.push((tested.clock.now() - startedAtMs) / 1_000);
      if (runsAtS.length < 4) throw new Error("not yet");
      return "done";
    });
    const result = await flaky.delay();
    await tested.run();
    expect(await result.get()).toBe("done");
    expect(runsAtS).toEqual([0, 2, 6, 14]);
  });

  test("that fails for good is a dead letter", async () => {
    const broken = tested.app.task("broken", () => {
      throw new RangeError("no");
    });
    const result = await broken.delay();
    await tested.run();
    await expect(result.get()).rejects.toMatchObject({ name: "RangeError", code: "REMOTE_TASK_FAILED" });
    expect(await tested.app.queue("default").stats()).toMatchObject({ ready: 0, dead: 1 });
  });

  test("to a queue without a worker is told of", async () => {
    await tested.app.task("t", () => 1).applyAsync([], { queue: "nobody" });
    await expect(tested.run({ within: "1m" })).rejects.toMatchObject({ code: "TEST_APP_BUSY" });
  });
});

describe("a worker that crashes", () => {
  test("gives its task to another when the lease has run out, and what it still does is thrown away", async () => {
    const counts: number[] = [];
    const startedAtMs = tested.clock.now();
    const slow = tested.app.task("slow", { bind: true }, async (task) => {
      counts.push(task.delivery.count);
      await tested.clock.sleep(10_000);
      return `run ${task.delivery.count}`;
    });
    const crashing = await tested.startWorker({ queues: ["other"] });
    const result = await slow.applyAsync([], { queue: "other" });
    await tested.advance("1s");
    expect(counts).toEqual([1]);
    crashing.crash();
    await tested.advance("20s");
    expect(await result.state()).toBe("PENDING");
    await tested.startWorker({ queues: ["other"] });
    await tested.run();
    expect(counts).toEqual([1, 2]);
    expect(await result.get()).toBe("run 2");
    const tookMs = tested.clock.now() - startedAtMs;
    expect(tookMs).toBeLessThan(48_000);
  });

  test("three times over one task makes it a dead letter", async () => {
    const poison = tested.app.task("poison", { queue: "other" }, async () => {
      await tested.clock.sleep(60_000);
    });
    const result = await poison.delay();
    for (let crashes = 0; crashes < 3; crashes += 1) {
      const worker = await tested.startWorker({ queues: ["other"] });
      await tested.advance("45s");
      worker.crash();
    }
    await tested.startWorker({ queues: ["other"] });
    await tested.run();
    await expect(result.get()).rejects.toMatchObject({ name: "PoisonMessageError" });
    expect(await tested.app.queue("other").stats()).toMatchObject({ ready: 0, dead: 1 });
  });
});

/** Which runs began when, of a few tasks that fail and wait. */
async function traceRuns(): Promise<readonly string[]> {
  await using own = await createTestApp();
  const steps: string[] = [];
  const step = own.app.task("step", { retryFor: true, retryJitter: false }, async (n: number) => {
    steps.push(`${own.clock.now()} ${n}`);
    await own.clock.sleep(n * 7);
    if (steps.length < 10) throw new Error("again");
  });
  await step.applyMany([[1], [2], [3], [4], [5]]);
  await own.run();
  return steps;
}

test("two runs of the same test take the same steps at the same times", async () => {
  const [first, second] = [await traceRuns(), await traceRuns()];
  expect(first.length).toBeGreaterThan(10);
  expect(second).toEqual(first);
});

test("closing ends what runs, as often as it is called", async () => {
  const stuck = tested.app.task("stuck", () => new Promise(() => {}));
  await stuck.delay();
  await tested.advance("1s");
  await Promise.all([tested.close(), tested.close()]);
  expect(tested.clock.pending).toBe(0);
});
