import { expect, test } from "vitest";

import { sqsSettings } from "./sqs-settings.ts";

test.each([
  [{}, 5_000],
  [{ lease: 3_000 }, 1_000],
  [{ lease: 30_000, sweep: 60_000 }, 10_000],
  [{ lease: 30_000, sweep: 100 }, 100],
])("sweeps three times within a lease at least, for what is kept hidden meanwhile: %j", (options, sweepMs) => {
  expect(sqsSettings(options).sweepMs).toBe(sweepMs);
});
