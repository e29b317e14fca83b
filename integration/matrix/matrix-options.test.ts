import { expect, test } from "vitest";
import { matrixUsage, readMatrixOptions } from "./matrix-options.ts";

test("a transport alone is one short run of everything, written down", () => {
  expect(readMatrixOptions(["--transport", "sqlite"])).toEqual({
    transport: "sqlite",
    depth: "tenth",
    repeat: 1,
    rows: [],
    seed: undefined,
    writes: true,
    adds: false,
    help: false,
  });
});

test("full runs, repetitions and seeds are read, and a part of the rows is not written down", () => {
  const args = ["--transport", "redis", "--full", "--repeat", "20", "--row", "1", "--row", "14", "--seed", "7"];
  expect(readMatrixOptions(args)).toMatchObject({ depth: "full", repeat: 20, rows: [1, 14], seed: 7, writes: false });
  expect(readMatrixOptions(["--transport", "redis", "--no-write"])).toMatchObject({ writes: false });
  expect(readMatrixOptions(["--transport", "redis", "--add"])).toMatchObject({ adds: true, writes: true });
});

test.each([
  [[], "--transport must be one of sqlite"],
  [["--transport", "kafka"], "it is kafka"],
  [["--transport", "redis", "--repeat", "0"], "--repeat must be a whole number from 1"],
  [["--transport", "redis", "--repeat", "many"], "it is many"],
  [["--transport", "redis", "--row", "1.5"], "--row must be"],
  [["--transport", "redis", "--seed", "-1"], "--seed"],
  [["--transport", "redis", "--fast"], "--fast"],
  [["redis"], "redis"],
  [["--transport", "redis", "--add", "--row", "3"], "not with --row"],
  [["--transport", "redis", "--add", "--no-write"], "not with --row or --no-write"],
])("refuses %j", (args, reason) => {
  expect(() => readMatrixOptions(args)).toThrow(reason);
});

test("help needs nothing else, and names every option", () => {
  expect(readMatrixOptions(["--help"])).toMatchObject({ help: true });
  for (const option of ["--transport", "--full", "--repeat", "--row", "--seed", "--add", "--no-write"]) {
    expect(matrixUsage).toContain(option);
  }
});
