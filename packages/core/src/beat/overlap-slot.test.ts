import { expect, test } from "vitest";
import { every } from "./schedule/every.ts";
import { beatHarness } from "./test-support/beat-harness.ts";

test("a tick that cannot be published does not keep its successors from running", async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  const ran: unknown[] = [];
  let isWrong = true;
  const task = app.task(
    "task",
    {
      input: {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: (value: unknown) => (isWrong ? { issues: [{ message: "wrong" }] } : { value: value as [] }),
        },
      },
    },
    () => void ran.push(harness.clock.now()),
  );
  app.schedule("often", { task, schedule: every("1m"), overlap: "skip" });
  await app.worker().start();
  await app.beat().start();
  await harness.clock.advance(150_000);
  expect(harness.log.lines.filter(([, text]) => text === "A tick cannot be published; it is left out.")).toHaveLength(
    2,
  );
  isWrong = false;
  await harness.clock.advance(180_000);
  expect(ran).toHaveLength(3);
});

test("a tick that waits for the run before it is not missed, however long that takes", async () => {
  await using harness = await beatHarness();
  const app = harness.join();
  const started: string[] = [];
  const slow = app.task("slow", async () => {
    started.push(new Date(harness.clock.now()).toISOString().slice(14, 16));
    await harness.clock.sleep(540_000);
  });
  app.schedule("slow", { task: slow, schedule: every("5m"), overlap: "queue", missed: "skip", maxRuns: 3 });
  await app.worker().start();
  await app.beat().start();
  await harness.clock.advance(3_600_000);
  expect(started).toEqual(["05", "14", "23"]);
});
