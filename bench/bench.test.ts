import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { cases } from "./cases/cases.ts";
import type { Result } from "./figures/result.ts";
import { peers } from "./peers/peers.ts";

const run = promisify(execFile);
const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const bench = (...args: readonly string[]) =>
  run(process.execPath, ["--conditions=source", main, ...args], { maxBuffer: 10_000_000 });
const foldersLeft = async (): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("lovage-bench-"));

test(
  "a quick run asks every question of every peer, loses nothing and leaves nothing",
  { timeout: 300_000 },
  async () => {
    const before = await foldersLeft();
    const { stdout } = await bench("--quick", "--json");
    const { results } = JSON.parse(stdout) as { readonly results: readonly Result[] };
    const asked = cases.flatMap(({ name, stores }) =>
      peers.filter(({ store }) => stores.includes(store)).map((peer) => `${name} ${peer.name}`),
    );
    expect(results.map((result) => `${result.case} ${result.peer}`)).toEqual(asked);
    const figures = results.flatMap(({ runs }) => runs.flatMap((one) => Object.values(one)));
    expect(figures.length).toBeGreaterThan(asked.length);
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
    /^enqueue-bulk: .+\n\n\| peer .+\| ÷ limit +\|\n\| -.+\n\| raw-memory .+\| 1 +\|\n\| lovage-memory .+\|\n$/mu,
  );
});

test("an unknown name is refused with those that exist", async () => {
  await expect(bench("--case", "nope")).rejects.toThrow("There is no case nope; there are enqueue-single,");
  await expect(bench("--peer", "nope")).rejects.toThrow("There is no peer nope; there are raw-sqlite,");
});
