import type { ResultPut } from "@lovage/backend";
import { afterEach, expect, test } from "vitest";
import { changedResults, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

test("the failure of a message that cannot be decoded has the address of who waits for it, and its place in the workflow", async () => {
  const stored: ResultPut[] = [];
  harness = await workerHarness({
    wrapBackend: (backend) =>
      changedResults(backend, (results) => ({
        put: (puts) => {
          stored.push(...puts);
          return results.put(puts);
        },
      })),
  });
  const { app, send, until } = harness;
  app.task("add", (x: number, y: number) => x + y);
  const headers = { id: "the-id", task: "add", group: "the-group", parent_id: 5 };
  const properties = { contentType: "application/x-python-serialize", contentEncoding: "binary", replyTo: "me.reply" };
  await send({ headers, properties });
  await app.worker().start();
  await until(() => stored.length > 0);
  expect(stored[0]).toMatchObject({ taskId: "the-id", state: "FAILURE", replyTo: "me.reply" });
  expect(JSON.parse(stored[0]!.document)).toMatchObject({ group_id: "the-group" });
  expect(stored[0]!.document).not.toContain("parent_id");
});
