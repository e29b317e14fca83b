import { silentLog } from "@lovage/foundation";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { currentTask } from "../../app/current-task.ts";
import type { TaskCall } from "../../protocol/task-call.ts";
import { guardAgainstCrashes } from "./crash-guard.ts";

const call = { id: "id-1", task: "shop.add" } as TaskCall;
const failCurrentTask = vi.fn<(error: unknown) => boolean>();
const onFatal = vi.fn<() => void>();
let errors: unknown[];
let end: () => void;
let others: readonly NodeJS.UnhandledRejectionListener[];

beforeEach(() => {
  // The test runner listens, too, and would take these errors for failures of the test.
  others = process.listeners("unhandledRejection");
  errors = [];
  failCurrentTask.mockReset().mockReturnValue(true);
  onFatal.mockReset();
  const log = { ...silentLog, error: (message: string, fields?: object) => void errors.push([message, fields]) };
  end = guardAgainstCrashes({ log, failCurrentTask, onFatal });
});

afterEach(() => end());

/** The listener that was added last. */
function mine(event: "unhandledRejection" | "uncaughtException"): (error: unknown) => void {
  return process.listeners(event as "unhandledRejection").at(-1) as (error: unknown) => void;
}

test("a rejection fails its task and is not fatal", () => {
  const error = new Error("stray");
  currentTask.run(call, () => mine("unhandledRejection")(error));
  expect(failCurrentTask).toHaveBeenCalledWith(error);
  expect(errors).toEqual([
    ["unhandled rejection in a task; the task fails", { task: "shop.add", taskId: "id-1", error }],
  ]);
  expect(onFatal).not.toHaveBeenCalled();
});

test("an exception fails its task and is fatal", () => {
  const error = new Error("stray");
  currentTask.run(call, () => mine("uncaughtException")(error));
  expect(failCurrentTask).toHaveBeenCalledWith(error);
  expect(onFatal).toHaveBeenCalledOnce();
});

test("an error of no task, or of one that has ended, is told as it is", () => {
  failCurrentTask.mockReturnValue(false);
  mine("unhandledRejection")("just text");
  currentTask.run(call, () => mine("unhandledRejection")("late"));
  expect(errors).toEqual([
    ["unhandled rejection", { error: "just text" }],
    ["unhandled rejection", { task: "shop.add", taskId: "id-1", error: "late" }],
  ]);
});

test("nobody listens once it has ended", () => {
  end();
  expect(process.listeners("unhandledRejection")).toEqual(others);
});
