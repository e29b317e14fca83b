import { expect, test } from "vitest";
import { readSoakOptions, soakUsage } from "./soak-options.ts";

test("a transport alone is ten minutes with a disturbance every twenty seconds", () => {
  expect(readSoakOptions(["--transport", "sqlite"])).toEqual({
    transport: "sqlite",
    minutes: 10,
    everySeconds: 20,
    seed: undefined,
    help: false,
  });
});

test("all of it can be chosen", () => {
  const args = ["--transport", "redis", "--minutes", "60", "--every", "5", "--seed", "3"];
  expect(readSoakOptions(args)).toMatchObject({ transport: "redis", minutes: 60, everySeconds: 5, seed: 3 });
});

test.each([
  [[], "--transport must be one of sqlite"],
  [["--transport", "memory"], "it is memory"],
  [["--transport", "redis", "--minutes", "0"], "--minutes must be a whole number from 1"],
  [["--transport", "redis", "--every", "1"], "--every must be a whole number from 5"],
  [["--transport", "redis", "--seed", "x"], "--seed"],
  [["--transport", "redis", "--forever"], "--forever"],
])("refuses %j", (args, reason) => {
  expect(() => readSoakOptions(args)).toThrow(reason);
});

test("help needs nothing else, and names every option", () => {
  expect(readSoakOptions(["--help"])).toMatchObject({ help: true });
  for (const option of ["--transport", "--minutes", "--every", "--seed"]) expect(soakUsage).toContain(option);
});
