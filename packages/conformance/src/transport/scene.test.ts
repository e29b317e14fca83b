import { virtualClock } from "@lovage/foundation";
import { expect, it } from "vitest";
import { override } from "../test-support/override.ts";
import { pocketHarness } from "../test-support/pocket-broker/pocket-harness.ts";
import { Scene } from "./scene.ts";

/** A scene whose every pause takes so long. */
async function sceneWith(pauseMs: number): Promise<{ readonly scene: Scene; readonly passedMs: () => number }> {
  const clock = virtualClock({ nowMs: 0 });
  const harness = pocketHarness(clock);
  const startMs = clock.monotonic();
  const late = override(clock, { sleep: async () => await clock.advance(pauseMs) });
  const scene = new Scene({ ...harness, clock: late }, await harness.open());
  return { scene, passedMs: () => clock.monotonic() - startMs };
}

it("waits no longer than the limit", async () => {
  const { scene, passedMs } = await sceneWith(50);
  await expect(scene.until(() => false, "this", 1_000)).rejects.toThrow("Waited 1050 ms in vain for this");
  expect(passedMs()).toBe(1_050);
  await scene.dispose();
});

it("counts what a process stood still between two looks only for a moment, and ends in any case", async () => {
  const { scene, passedMs } = await sceneWith(3_000);
  await scene.until(() => passedMs() >= 24_000, "what needs some looks", 1_000);
  await expect(scene.until(() => false, "this", 1_000)).rejects.toThrow("Waited 1100 ms in vain for this");
  await scene.dispose();
});
