import { describe, expect, test } from "vitest";
import { formatTable } from "./format-table.ts";
import { userStack } from "./user-stack.ts";

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
    error.stack = "Error: no\n    at f (file:///app/tasks.ts:1:2)\n    at run (node:internal/modules/run:1:1)";
    expect(userStack(error)).toBe("Error: no\n    at f (file:///app/tasks.ts:1:2)");
  });

  test("is bounded, and is there for what is no error", () => {
    const error = new Error("no");
    error.stack = "line\n".repeat(1_000);
    expect(userStack(error).split("\n").length).toBeLessThanOrEqual(20);
    expect(userStack("just text")).toBe("just text");
  });
});
