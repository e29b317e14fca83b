import { expect, test } from "vitest";
import { countsOf } from "./test-report.ts";

const report = (status: string, ...assertions: readonly (readonly [fullName: string, status: string])[]) => ({
  numPassedTests: 3,
  numPendingTests: 1,
  testResults: [
    {
      name: "/home/of/somebody/integration/faults/row-01.test.ts",
      status,
      assertionResults: assertions.map(([fullName, each]) => ({ fullName, status: each })),
    },
  ],
});

test("tests that failed are named, and files that failed outside of them", () => {
  const failed = countsOf(report("failed", [" row 1: a kill", "failed"], ["row 2", "passed"]), 1);
  expect(failed).toEqual({ passed: 3, failed: 1, skipped: 1, failures: ["row 1: a kill"] });
  expect(countsOf(report("failed"), 1).failures).toEqual(["integration/faults/row-01.test.ts"]);
});

test("a run that ended badly has failed, whatever its report says", () => {
  expect(countsOf(report("passed", ["row 1", "passed"]), 0)).toMatchObject({ failed: 0, failures: [] });
  expect(countsOf(report("passed", ["row 1", "passed"]), 1)).toMatchObject({
    failed: 1,
    failures: ["the run ended with 1, outside of its tests"],
  });
  expect(countsOf(report("passed", ["row 1", "passed"]), null).failed).toBe(1);
});
