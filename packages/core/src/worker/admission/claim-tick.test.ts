import { BackendUnavailableError } from "@lovage/backend";
import { afterEach, describe, expect, test } from "vitest";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const tick = (attempt: string) => ({
  headers: { task: "note", id: "tick-1", lang: "js", "x-lovage-tick": `${attempt} 86400000` },
});

describe("messages of one tick", () => {
  test("of two publications one runs, whichever comes first, and the other leaves its result alone", async () => {
    harness = await workerHarness();
    const { app, clock } = harness;
    let runs = 0;
    app.task("note", () => (runs += 1));
    await app.worker().start();
    await harness.send(tick("first"));
    await harness.send(tick("second"));
    await clock.advance(1_000);
    expect(runs).toBe(1);
    expect(await harness.resultOf("tick-1")).toMatchObject({ state: "SUCCESS", value: 1 });
    expect([await harness.waiting(), await harness.dead()]).toEqual([[], []]);
    expect(harness.lines("info")).toContain("Another message of the same tick or call is run; this one is not.");
  });

  test("a retry of the one that runs is no second message", async () => {
    harness = await workerHarness();
    const { app, clock } = harness;
    const retries: number[] = [];
    app.task("note", { bind: true, retryFor: true, retryJitter: false, maxRetries: 1 }, (task) => {
      retries.push(task.retries);
      if (task.retries === 0) throw new Error("not yet");
    });
    await app.worker().start();
    await harness.send(tick("first"));
    await clock.advance(1_500);
    await harness.send(tick("second"));
    await clock.advance(10_000);
    expect(retries).toEqual([0, 1]);
  });

  test("what is given back and delivered again runs again: the message owns the tick", async () => {
    harness = await workerHarness();
    const { app, clock } = harness;
    const counts: number[] = [];
    app.task("note", { bind: true }, async ({ signal }) => {
      counts.push(counts.length);
      if (counts.length === 1) await clock.sleep(60_000, { signal });
    });
    const first = app.worker();
    await first.start();
    await harness.send(tick("first"));
    await clock.advance(1_000);
    await first.stop({ timeout: 0 });
    await app.worker().start();
    await clock.advance(2_000);
    expect(counts).toEqual([0, 1]);
  });

  test("a tick waits while the backend is away", async () => {
    let isAway = true;
    harness = await workerHarness({
      wrapBackend: (backend) =>
        changed(backend, {
          coordination: changed(backend.coordination!, {
            claimKey: async (request) => {
              if (isAway) throw new BackendUnavailableError("away");
              return backend.coordination!.claimKey(request);
            },
          }),
        }),
    });
    const { app, clock } = harness;
    let runs = 0;
    app.task("note", () => (runs += 1));
    await app.worker().start();
    await harness.send(tick("first"));
    await clock.advance(5_000);
    expect(runs).toBe(0);
    isAway = false;
    await clock.advance(10_000);
    expect(runs).toBe(1);
  });

  test("without a backend there is nobody to ask, and all run", async () => {
    harness = await workerHarness({ wrapBackend: () => undefined });
    const { app, clock } = harness;
    let runs = 0;
    app.task("note", () => (runs += 1));
    await app.worker().start();
    await harness.send(tick("first"));
    await harness.send(tick("second"));
    await clock.advance(1_000);
    expect(runs).toBe(2);
  });
});
