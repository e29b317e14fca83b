import { existsSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { makeDirectory } from "./make-directory.ts";
import { temporaryDirectory } from "./test-support/temporary-directory.ts";

test("makes all directories that are missing, and may do so again", () => {
  const directory = join(temporaryDirectory(), "a", "b", "c");
  makeDirectory(directory);
  makeDirectory(directory);
  expect(statSync(directory).isDirectory()).toBe(true);
});

test("takes a link to a directory for one", () => {
  const root = temporaryDirectory();
  symlinkSync(root, join(root, "link"));
  makeDirectory(join(root, "link", "a"));
  expect(existsSync(join(root, "a"))).toBe(true);
});

test("says so when a file is in the way", () => {
  const file = join(temporaryDirectory(), "file");
  writeFileSync(file, "");
  expect(() => makeDirectory(file)).toThrow("EEXIST");
  expect(() => makeDirectory(join(file, "a"))).toThrow(/EEXIST|ENOTDIR/);
});

test("says so at once where no directory can be made", ({ skip }) => {
  skip(!existsSync("/proc/self"), "this system has no /proc");
  expect(() => makeDirectory("/proc/lovage/queue")).toThrow("ENOENT");
});
