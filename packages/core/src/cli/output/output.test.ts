import { Command } from "commander";
import { afterEach, describe, expect, test, vi } from "vitest";
import { formatInstant } from "./format-instant.ts";
import { formatTable } from "./format-table.ts";
import { helpNotes } from "./help-notes.ts";
import { printError } from "./print-error.ts";
import { print, printNote } from "./print.ts";
import { userStack } from "./user-stack.ts";

afterEach(() => vi.restoreAllMocks());

/** Lets the system answer what is written with an error of this code, or take it. */
function written(code?: string): readonly string[] {
  const lines: string[] = [];
  const error = code === undefined ? undefined : Object.assign(new Error(code), { code });
  const write = (text: unknown, done: unknown): boolean => {
    lines.push(String(text));
    (done as (error?: Error) => void)(error);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(write);
  vi.spyOn(process.stderr, "write").mockImplementation(write);
  return lines;
}

describe("what is printed", () => {
  test("is a failure where a full disk does not take it, and none where nobody reads any more", async () => {
    written("ENOSPC");
    await expect(print("text")).rejects.toMatchObject({ code: "ENOSPC" });
    written("EPIPE");
    await print("text");
  });

  test("about the work is lost without a failure", async () => {
    const lines = written("ENOSPC");
    await printNote("text");
    expect(lines).toEqual(["text"]);
  });
});

describe("an error", () => {
  test("of the disk below the output is told without a stack", async () => {
    const lines = written();
    await printError(Object.assign(new Error("ENOSPC: no space left on device, write"), { syscall: "write" }));
    expect(lines.join("")).toMatch(/cannot be written: ENOSPC: no space left on device, write\.\n$/);
  });

  test("of a task cannot move the terminal's cursor", async () => {
    const lines = written();
    const fault = Object.assign(new Error("no"), {
      code: "REMOTE_TASK_FAILED",
      remoteStack: "Error: \u001B[31m\n  at x",
    });
    await printError(fault);
    expect(lines.join("")).toContain("The task failed. Error: \uFFFD[31m\n  at x\n");
  });
});

describe("notes of a help", () => {
  test("are as wide as the terminal, but for the examples", () => {
    const text = "\nOne two three four five six seven eight nine ten.\n  lovage -A ./tasks.ts worker --queues default";
    const command = new Command().configureOutput({ getOutHelpWidth: () => 40, getErrHelpWidth: () => 44 });
    expect(helpNotes(text)({ command, error: false })).toBe(
      "\nOne two three four five six seven eight\nnine ten.\n  lovage -A ./tasks.ts worker --queues default",
    );
    expect(helpNotes("one ".repeat(12))({ command, error: true }).split("\n")[0]).toHaveLength(43);
  });
});

test("an instant has fractions only where there are some, and none is a dash", () => {
  expect(formatInstant(new Date(0))).toBe("1970-01-01T00:00:00Z");
  expect(formatInstant(new Date(1))).toBe("1970-01-01T00:00:00.001Z");
  expect(formatInstant(undefined)).toBe("-");
});

describe("a table", () => {
  test("has columns as wide as their widest cell, numbers to the right", () => {
    const table = formatTable(
      [
        { queue: "default", ready: 5 },
        { queue: "m", ready: 12_000 },
      ],
      [
        { title: "QUEUE", value: ({ queue }) => queue },
        { title: "READY", align: "right", value: ({ ready }) => String(ready) },
      ],
    );
    expect(table).toBe("QUEUE    READY\ndefault      5\nm        12000\n");
  });

  test("keeps a row on its line and the terminal as it is, whatever a message holds", () => {
    const table = formatTable(["a\nb\u001B[31m"], [{ title: "X", value: (text) => text }]);
    expect(table).toBe("X\na b\uFFFD[31m\n");
  });
});

describe("the stack that a user sees", () => {
  test("has no frames of Node's own", () => {
    const error = new Error("no");
    error.stack =
      "Error: no\n    at f (file:///app/tasks.ts:1:2)\n    at run (node:internal/modules/run:1:1)\n    at async node:fs:1:1";
    expect(userStack(error)).toBe("Error: no\n    at f (file:///app/tasks.ts:1:2)");
  });

  test("is bounded, and is there for what is no error", () => {
    const error = new Error("no");
    error.stack = "line\n".repeat(1_000);
    expect(userStack(error).split("\n").length).toBeLessThanOrEqual(20);
    expect(userStack("just text")).toBe("just text");
  });
});
