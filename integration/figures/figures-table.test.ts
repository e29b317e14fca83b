import { expect, test } from "vitest";
import { memory } from "../brokers/memory.ts";
import { figuresTable } from "./figures-table.ts";
import type { Figures } from "./figures.ts";

const figures: Figures = {
  row: 1,
  broker: "sqlite",
  fault: "a kill",
  accepted: 1_000,
  lost: 0,
  doubled: 9,
  interrupted: 8,
  interruptedLimit: 8,
  timings: [{ name: "recovery", measuredMs: 3_210, limitMs: 4_500 }],
};

test("the table is in order of rows, says what was allowed, and which rows do not apply", () => {
  const second = { ...figures, row: 2, poisoned: 1, timings: [{ name: "exit", measuredMs: 12, limitMs: 500 }] };
  const lines = figuresTable([second, figures], [memory]).split("\n");
  expect(lines[2]).toBe("| 1 | a kill | sqlite | 1000 | 0 | 9 | 8 (8) | recovery 3.2 s (4.5 s) |");
  expect(lines[3]).toBe("| 2 | a kill | sqlite | 1000 | 0, 1 dead letters | 9 | 8 (8) | exit 0.012 s (0.5 s) |");
  expect(lines.filter((line) => line.startsWith("| memory | 25 |"))).toEqual(["| memory | 25 | it has no file |"]);
});
