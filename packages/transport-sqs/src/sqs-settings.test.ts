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

test("refuses a lease that SQS could not prolong, before any I/O", () => {
  const [longest, longer] = [6 * 3_600_000, 6 * 3_600_000 + 1_000];
  expect(sqsSettings({ lease: longest }).leaseMs).toBe(longest);
  expect(() => sqsSettings({ lease: longer })).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID", field: "lease" }) as Error,
  );
});
