import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

/** Ends a test run with the reasons of skipped tests, the titles and first words of failed ones, and the line `N passed, N failed`. */
export const closingLine: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], uncaught: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
    const skipped = inState("skipped");
    // With `-t` whatever the pattern does not name is skipped, and that needs no reason.
    const filtered = modules.some((module) => module.project.globalConfig.testNamePattern !== undefined);
    for (const test of filtered ? [] : skipped) console.log(`Skipped: ${test.fullName}: ${skipReason(test)}`);
    // After the skipped ones: what is kept of a long output is its end.
    for (const line of modules.flatMap(failuresOf)) console.log(`Failed: ${line}`);
    for (const { message } of uncaught) console.log(`Failed: outside of any test: ${firstLine(message)}`);
    const failed = inState("failed").length + modules.filter(failedOutsideTests).length + uncaught.length;
    const line = `${inState("passed").length} passed, ${failed} failed`;
    console.log(skipped.length > 0 ? `${line}, ${skipped.length} skipped` : line);
  },
};

/** Whether a file did not load, or failed in a hook, or left something open. */
function failedOutsideTests(module: TestModule): boolean {
  return module.state() === "failed" && module.children.allTests("failed").next().done === true;
}

function failuresOf(module: TestModule): string[] {
  const outside = failedOutsideTests(module)
    ? module.errors().map(({ message }) => `the file: ${firstLine(message)}`)
    : [];
  const failed = [...module.children.allTests("failed")].map((test) => {
    const [error] = test.result().errors ?? [];
    return `${test.fullName}: ${firstLine(error?.message ?? "no error given")}`;
  });
  return [...outside, ...failed].map((line) => `${module.relativeModuleId} > ${line}`);
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0]?.slice(0, 300) ?? "";
}

function skipReason(test: TestCase): string {
  const result = test.result();
  return (result.state === "skipped" ? result.note : undefined) ?? "no reason given";
}
