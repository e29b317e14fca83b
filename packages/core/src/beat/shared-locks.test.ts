import { memoryBackend } from "@lovage/backend-memory";
import type { BackendCapabilities } from "@lovage/backend";
import { expect, test } from "vitest";
import { changed } from "../worker/test-support/worker-harness.ts";
import { beatHarness } from "./test-support/beat-harness.ts";

async function start(results: BackendCapabilities["reach"], coordination: BackendCapabilities["reach"]): Promise<void> {
  await using harness = await beatHarness();
  const reaching = (reach: BackendCapabilities["reach"]) => {
    const backend = memoryBackend({ clock: harness.clock });
    return changed(backend, { capabilities: { ...backend.capabilities, reach } });
  };
  const app = harness.join({
    wrapBackend: () => reaching(results),
    coordination: reaching(coordination),
  });
  await app.beat().start();
}

test("a beat is not started whose locks live in one process beside a backend that others share: each would lead", async () => {
  await expect(start("network", "process")).rejects.toMatchObject({
    code: "FEATURE_UNSUPPORTED",
    message: expect.stringContaining("coordination") as string,
  });
});

test.each([
  ["network", "network"],
  ["process", "process"],
  ["process", "network"],
] as const)(
  "a beat is started with a backend of reach %s and coordination of reach %s",
  async (results, coordination) => {
    await expect(start(results, coordination)).resolves.toBeUndefined();
  },
);
