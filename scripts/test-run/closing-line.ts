import path from "node:path";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

/**
 * Ends a test run with the reasons of skipped tests, what is known of failed ones and of those that passed only when tried again, and the line
 * `N passed, N failed`.
 */
export const closingLine: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], uncaught: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
    const skipped = inState("skipped");
    // With `-t` whatever the pattern does not name is skipped, and that needs no reason.
    const filtered = modules.some((module) => module.project.globalConfig.testNamePattern !== undefined);
    for (const test of filtered ? [] : skipped) console.log(`Skipped: ${test.fullName}: ${skipReason(test)}`);
    // After the skipped ones: what is kept of a long output is its end.
    for (const line of modules.flatMap(unsteadyOf)) console.log(`Unsteady: ${line}`);
    for (const line of modules.flatMap(failuresOf)) console.log(`Failed: ${line}`);
    for (const error of uncaught)
      console.log(`Failed: outside of any test${whereUncaught(error)}: ${inOneLine(error)}`);
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
  const outside = failedOutsideTests(module) ? module.errors().map((error) => `the file: ${inOneLine(error)}`) : [];
  const failed = [...module.children.allTests("failed")].map(whatFailed);
  return [...outside, ...failed].map((line) => `${module.relativeModuleId} > ${line}`);
}

/** Each is a defect to be understood, of the test or of what it tests, although the run passes. */
function unsteadyOf(module: TestModule): string[] {
  const unsteady = [...module.children.allTests("passed")].filter((test) => test.diagnostic()?.flaky === true);
  return unsteady.map((test) => `${module.relativeModuleId} > ${whatFailed(test)}`);
}

function whatFailed(test: TestCase): string {
  const [error] = test.result().errors ?? [];
  return `${test.fullName}: ${error === undefined ? "no error given" : inOneLine(error)}`;
}

/** The runner notes which file and test were at work; a promise that nobody waited for may be of one before. */
function whereUncaught(error: SerializedError): string {
  const { VITEST_TEST_PATH: file, VITEST_TEST_NAME: name } = error;
  const place = typeof file === "string" ? path.relative(process.cwd(), file) : undefined;
  const during = [place, name].filter((part) => typeof part === "string");
  return during.length > 0 ? `, during ${during.join(" > ")}` : "";
}

/** With what is needed to repeat it: the seed of a property stands below its first line, what it stumbled over in the cause, values in the difference. */
function inOneLine({ message, cause, diff }: SerializedError): string {
  const causeText = (cause as Partial<Error> | undefined)?.message;
  const parts = [message, causeText, diff].filter((part) => typeof part === "string");
  const text = stripVTControlCharacters(parts.join(" | ")).replaceAll(/\s+/gu, " ");
  return text.slice(0, 1_500);
}

function skipReason(test: TestCase): string {
  const result = test.result();
  return (result.state === "skipped" ? result.note : undefined) ?? "no reason given";
}
