import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Program } from "../test-support/program.ts";
import { temporaryFolder } from "../test-support/temporary-folder.ts";

const main = join(import.meta.dirname, "main.ts");

/** The demo with few files, and a temporary directory of its own. */
const startDemo = (files: number, tmp: string): Program =>
  new Program({ args: [main], cwd: tmp, env: { DEMO_FILES: String(files), TMPDIR: tmp } });

test("no file is lost when a worker is killed half-way, and nothing stays behind", async () => {
  await using folder = await temporaryFolder();
  await using demo = startDemo(200, folder.path);
  const { code, stdout, stderr } = await demo.ended;
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^ {2}Half-way\. Killed worker \d+ \(SIGKILL\), started worker \d+\.$/mu);
  expect(stdout).toMatch(/^processed 200$/mu);
  expect(stdout).toMatch(/^lost 0$/mu);
  expect(code).toBe(0);
  await expect.poll(() => demo.isAlive()).toBe(false);
  expect(await readdir(folder.path)).toEqual([]);
});

test("Ctrl-C ends the demo and its workers, and nothing stays behind", async () => {
  await using folder = await temporaryFolder();
  await using demo = startDemo(1_000, folder.path);
  await expect.poll(() => demo.stdout, { timeout: 60_000 }).toMatch(/^ {2}\d+\/1000 files/mu);
  expect(await readdir(folder.path)).toHaveLength(1);
  const { code, stdout } = await demo.stop("SIGINT");
  expect(code).toBe(130);
  expect(stdout).not.toMatch(/^lost/mu);
  await expect.poll(() => demo.isAlive()).toBe(false);
  expect(await readdir(folder.path)).toEqual([]);
});
