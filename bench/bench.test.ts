import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { cases } from "./cases/cases.ts";
import { peers } from "./peers/peers.ts";
import { allQuestions, isQuick } from "./plan.ts";
import type { Sitting } from "./sittings/sitting.ts";

interface Report {
  readonly sittings: readonly Sitting[];
  readonly absent: readonly string[];
}

const run = promisify(execFile);
const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const bench = (...args: readonly string[]) =>
  run(process.execPath, ["--conditions=source", main, ...args], { maxBuffer: 10_000_000 });
const foldersLeft = async (): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("lovage-bench-"));

test(
  "a smoke run asks every case and every peer that is there and starts quickly something, loses nothing and leaves nothing",
  { timeout: 900_000 },
  async () => {
    const before = await foldersLeft();
    const { stdout } = await bench("--smoke", "--json");
    const { sittings, absent } = JSON.parse(stdout) as Report;
    const results = sittings.flatMap((sitting) => sitting.results);
    const asked = new Set(results.flatMap((result) => [result.case, result.peer]));
    const askable = allQuestions(cases, peers).filter(
      (question) => isQuick(question) && !absent.includes(question.peer.name),
    );
    const wanted = new Set(askable.flatMap(({ benchCase, peer }) => [benchCase.name, peer.name]));
    expect([...wanted].filter((name) => !asked.has(name))).toEqual([]);
    // What needs no server is always covered.
    expect(results.map(({ peer }) => peer)).toContain("lovage-sqlite");
    const figures = results.flatMap(({ runs }) => runs.flatMap((one) => Object.values(one)));
    expect(figures.length).toBeGreaterThanOrEqual(results.length);
    expect(figures.filter((figure) => !Number.isFinite(figure))).toEqual([]);
    expect((await foldersLeft()).filter((name) => !before.includes(name))).toEqual([]);
  },
);

test("a table has a row for each peer", async () => {
  const { stdout } = await bench(
    "--quick",
    "--case",
    "enqueue-bulk",
    "--peer",
    "raw-memory",
    "--peer",
    "lovage-memory",
  );
  expect(stdout).toMatch(
    /^enqueue-bulk on Memory: .+\n\n\| peer .+\| ÷ raw-memory +\|\n\| -.+\n\| raw-memory .+\| 1 +\|\n\| lovage-memory .+\|\n$/mu,
  );
});

test("an unknown name is refused with those that exist", async () => {
  await expect(bench("--case", "nope")).rejects.toThrow("There is no case nope; there are enqueue-single,");
  await expect(bench("--peer", "nope")).rejects.toThrow("There is no peer nope; there are raw-sqlite,");
});
