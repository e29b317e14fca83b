import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

/** Ends a test run with the reasons of skipped tests and the line `N passed, N failed`. */
export const closingLine: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], uncaught: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
    const skipped = inState("skipped");
    // With `-t` whatever the pattern does not name is skipped, and that needs no reason.
    const filtered = modules.some((module) => module.project.globalConfig.testNamePattern !== undefined);
    for (const test of filtered ? [] : skipped) console.log(`Skipped: ${test.fullName}: ${skipReason(test)}`);
    const failed = inState("failed").length + modules.filter(failedOutsideTests).length + uncaught.length;
    const line = `${inState("passed").length} passed, ${failed} failed`;
    console.log(skipped.length > 0 ? `${line}, ${skipped.length} skipped` : line);
  },
};

/** Whether a file did not load, or failed in a hook, or left something open. */
function failedOutsideTests(module: TestModule): boolean {
  return module.state() === "failed" && module.children.allTests("failed").next().done === true;
}

function skipReason(test: TestCase): string {
  const result = test.result();
  return (result.state === "skipped" ? result.note : undefined) ?? "no reason given";
}
