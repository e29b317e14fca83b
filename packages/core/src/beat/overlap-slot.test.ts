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
