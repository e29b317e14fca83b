import { memoryBackend } from "@lovage/backend-memory";
import type { Backend, BackendCapabilities } from "@lovage/backend";
import type { Connection } from "@lovage/transport";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { changed, workerHarness } from "./test-support/worker-harness.ts";
import type { WorkerHarness } from "./test-support/worker-harness.ts";

let harness: WorkerHarness;
let own: Backend;

beforeEach(() => void (own = memoryBackend()));

afterEach(async () => {
  await harness.close();
  // Left open, its store would be that of the next test in this process.
  await own.close();
});

const shared = (connection: Connection): Connection =>
  changed(connection, { capabilities: { ...connection.capabilities, reach: "network" } });

const reaching = (backend: Backend, reach: BackendCapabilities["reach"]): Backend =>
  changed(backend, { capabilities: { ...backend.capabilities, reach } });

async function startLimited(results: BackendCapabilities["reach"], coordination?: BackendCapabilities["reach"]) {
  harness = await workerHarness({
    wrapConnection: shared,
    wrapBackend: (backend) => reaching(backend, results),
    ...(coordination === undefined ? {} : { coordination: reaching(own, coordination) }),
  });
  harness.app.task("limited", { rateLimit: "5/s" }, () => 1);
  await harness.app.worker().start();
}

describe("a worker with a rate limit, of a broker that other processes read too", () => {
  test.each([
    ["the backend", "process", undefined],
    ["the coordination", "network", "process"],
  ] as const)("is not started where %s lives inside one process: each would have a limit of its own", async (...of) => {
    await expect(startLimited(of[1], of[2])).rejects.toMatchObject({
      code: "FEATURE_UNSUPPORTED",
      message: expect.stringContaining('"limited"') as string,
    });
  });

  test.each([
    ["backend", "network", undefined],
    ["coordination", "process", "machine"],
  ] as const)("is started with a shared %s", async (_, results, coordination) => {
    await expect(startLimited(results, coordination)).resolves.toBeUndefined();
  });
});
