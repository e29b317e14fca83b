import type { Outcome } from "../figures/evidence.ts";

/** The parts of vitest's JSON report that are read. */
export interface TestReport {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** What a report tells of a run that ended with this status. */
export function countsOf(
  report: TestReport,
  status: number | null,
): Pick<Outcome, "passed" | "failed" | "skipped" | "failures"> {
  const titles = failuresOf(report);
  // An error outside of all tests is in no report.
  const failures =
    titles.length === 0 && status !== 0 ? [`the run ended with ${status}, outside of its tests`] : titles;
  return { passed: report.numPassedTests, failed: failures.length, skipped: report.numPendingTests, failures };
}

/** Titles of what has failed: tests, and files that failed outside of their tests. */
function failuresOf({ testResults }: TestReport): readonly string[] {
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const titles = assertionResults.filter((each) => each.status === "failed").map(({ fullName }) => fullName.trim());
    return titles.length === 0 && status === "failed" ? [name.replace(/^.*\/(?=integration|packages)/u, "")] : titles;
  });
}
