import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readEvidence, runsToAddTo, writeEvidence } from "./evidence.ts";
import { runOf } from "./test-support/run-of.ts";

const emptyDirectory = (): string => {
  const directory = mkdtempSync(path.join(tmpdir(), "lovage-evidence-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
};

test("runs are added to those of other days and commits, each with its own", () => {
  const directory = emptyDirectory();
  const redis = { transport: "redis", depth: "full" } as const;
  expect(runsToAddTo(redis, directory)).toEqual([]);
  const first = runOf({ seed: 1, commit: "abc", startedAt: "2026-01-02T00:00:00.000Z" });
  writeEvidence({ ...redis, runs: [first] }, directory);
  const second = runOf({ seed: 2, commit: "def", startedAt: "2026-01-05T00:00:00.000Z", failed: 1 });
  writeEvidence({ ...redis, runs: [...runsToAddTo(redis, directory), second] }, directory);
  expect(readEvidence(directory)).toEqual([{ ...redis, runs: [first, second] }]);
});

test("a file has a line for each figure of a run", () => {
  const directory = emptyDirectory();
  const run = runOf({});
  writeEvidence({ transport: "redis", depth: "full", runs: [run] }, directory);
  const lines = readFileSync(path.join(directory, "redis.json"), "utf8").split("\n");
  expect(lines).toContain(`        ${JSON.stringify(run.figures[0])}`);
});

test("runs at another scale are not added", () => {
  const directory = emptyDirectory();
  writeEvidence({ transport: "redis", depth: "tenth", runs: [runOf({})] }, directory);
  expect(() => runsToAddTo({ transport: "redis", depth: "full" }, directory)).toThrow(
    'holds runs at depth "tenth", to which none at depth "full" are added',
  );
});

test("what another version has written is refused, not mixed", () => {
  const directory = emptyDirectory();
  writeFileSync(path.join(directory, "redis.json"), '{"transport":"redis","depth":"full","commit":"abc","runs":[{}]}');
  expect(() => runsToAddTo({ transport: "redis", depth: "full" }, directory)).toThrow("another version");
  expect(() => readEvidence(directory)).toThrow("another version");
});
