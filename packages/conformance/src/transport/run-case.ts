import type { TransportHarness } from "./harness.ts";
import type { Pace } from "./pace.ts";
import { Scene } from "./scene.ts";
import type { TransportCase } from "./transport-case.ts";

/** A broker, and what moves its time. */
export interface Stage {
  readonly harness: TransportHarness;
  readonly pace: Pace;
}

/**
 * Runs one case on a broker and cleans up behind it.
 * @returns the reason when the transport or the harness lacks what the case needs; `undefined` when it ran.
 */
export async function runCase(testCase: TransportCase, { harness, pace }: Stage): Promise<string | undefined> {
  return await pace.during(async () => {
    const scene = new Scene(harness, await harness.open());
    try {
      for (const requirement of testCase.needs ?? []) {
        const reason = requirement(scene.capabilities, harness, scene.connection);
        if (reason !== undefined) return reason;
      }
      await testCase.run(scene);
      scene.finish();
      return undefined;
    } finally {
      await scene.dispose();
    }
  });
}
