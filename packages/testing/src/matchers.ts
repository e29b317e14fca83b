import type { AsyncResult } from "lovage";
import type { TestApp } from "./create-test-app.ts";
import type { SentCall } from "./sent-calls.ts";

/** What a matcher is given by the test runner: that of Vitest or Jest. */
export interface MatcherContext {
  readonly isNot: boolean;
  equals(a: unknown, b: unknown): boolean;
  readonly utils: { printReceived(value: unknown): string; printExpected(value: unknown): string };
}

/** What a matcher found. */
export interface Verdict {
  readonly pass: boolean;
  /** Says what was expected and what was found, also where `not` was asked for. */
  readonly message: () => string;
}

/** A task, or its name. */
export type TaskReference = string | { readonly name: string };

/** Matchers for test apps and results: `expect.extend(lovageMatchers)`, in any runner with `expect` of Jest's form. `@lovage/testing/vitest` does that, with types. */
export interface LovageMatchers {
  /** `expect(tested)`: the task was called, with these arguments when they are given; they may hold `expect.any(…)` and its kin. */
  toHaveSent(this: MatcherContext, tested: TestApp, task: TaskReference, args?: readonly unknown[]): Verdict;
  /** `await expect(result)`: the task has ended with success, and returned this when it is given. Time does not move: `run` first. */
  toHaveSucceeded(this: MatcherContext, result: AsyncResult<unknown>, ...value: readonly unknown[]): Promise<Verdict>;
  /** `await expect(result)`: the task has failed for good, and the error's `name: message` has this text or matches this pattern, when it is given. */
  toHaveFailed(this: MatcherContext, result: AsyncResult<unknown>, error?: string | RegExp): Promise<Verdict>;
}

/** See {@link LovageMatchers}. */
export const lovageMatchers: LovageMatchers = {
  toHaveSent(tested, task, args) {
    const name = typeof task === "string" ? task : task.name;
    const ofTask = tested.sent.filter((call) => call.task === name);
    const pass = ofTask.some((call) => args === undefined || this.equals(call.args, args));
    const wanted =
      args === undefined ? `a call of ${name}` : `a call of ${name} with ${this.utils.printExpected(args)}`;
    return {
      pass,
      message: () => `Expected ${wanted} ${not(this)}to have been sent. Sent: ${list(this, tested.sent)}`,
    };
  },
  async toHaveSucceeded(result, ...value) {
    const [state, info] = [await result.state(), await result.info()];
    const pass = state === "SUCCESS" && (value.length === 0 || this.equals(info, value[0]));
    const wanted = value.length === 0 ? "success" : `success with ${this.utils.printExpected(value[0])}`;
    const found = `${state}${info === undefined ? "" : ` with ${this.utils.printReceived(info)}`}`;
    return { pass, message: () => `Expected ${not(this)}${wanted} of task ${result.id}, and its state is ${found}.` };
  },
  async toHaveFailed(result, error) {
    const [state, info] = [await result.state(), await result.info()];
    const told = info instanceof Error ? `${info.name}: ${info.message}` : "";
    const pass = state === "FAILURE" && (error === undefined || includes(told, error));
    const wanted = error === undefined ? "failure" : `failure with ${this.utils.printExpected(error)}`;
    const found = `${state}${told === "" ? "" : ` with ${this.utils.printReceived(told)}`}`;
    return { pass, message: () => `Expected ${not(this)}${wanted} of task ${result.id}, and its state is ${found}.` };
  },
};

/** Calls that a message lists. */
const mostListed = 20;

function list({ utils }: MatcherContext, sent: readonly SentCall[]): string {
  if (sent.length === 0) return "nothing.";
  const lines = sent.slice(-mostListed).map(({ task, args }) => `  ${task} ${utils.printReceived(args)}`);
  const left = sent.length - lines.length;
  return `\n${left > 0 ? `  (${left} earlier ones)\n` : ""}${lines.join("\n")}`;
}

function not({ isNot }: MatcherContext): string {
  return isNot ? "not " : "";
}

function includes(text: string, error: string | RegExp): boolean {
  return typeof error === "string" ? text.includes(error) : error.test(text);
}
