import type { Connection } from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import { changed, workerHarness } from "./test-support/worker-harness.ts";
import type { WorkerHarness } from "./test-support/worker-harness.ts";

const hourMs = 3_600_000;

let harness: WorkerHarness;
afterEach(() => harness.close());

/** A broker that lets a worker hold messages for an hour, and those of the queue "patient" for as long as it likes. */
function bounded(connection: Connection): Connection {
  const hold = { maxMs: hourMs, advice: "Lower timeLimit." };
  return changed(connection, {
    capabilitiesOf: (queue) => {
      const { hold: _, ...others } = connection.capabilitiesOf(queue);
      return queue === "patient" ? others : { ...others, hold };
    },
  });
}

async function startWith(timeLimit: string | undefined, queue = "default"): Promise<void> {
  harness = await workerHarness({ wrapConnection: bounded });
  const limit = timeLimit === undefined ? {} : { timeLimit: timeLimit as "1h" };
  harness.app.task("long", { ...limit, queue }, () => 1);
  await harness.app.worker({ queues: ["default", "patient"] }).start();
}

describe("a worker of a broker that takes back what is held for long", () => {
  test("is not started with a task that may run for longer, and says what can be done", async () => {
    await expect(startWith("2h")).rejects.toMatchObject({
      code: "FEATURE_UNSUPPORTED",
      message:
        'Task "long" may run for 2h (timeLimit), and the broker lets a worker hold a message for 1h: it would run twice. Lower timeLimit.',
    });
  });

  test.each([
    ["a limit within it", "1h", "default"],
    ["no limit", undefined, "default"],
    ["a queue of its own without such a bound", "2h", "patient"],
  ])("starts with a task that has %s", async (_, timeLimit, queue) => {
    await expect(startWith(timeLimit, queue)).resolves.toBeUndefined();
  });
});
