import { execFile } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

const withinMs = 120_000;
const root = path.join(import.meta.dirname, "../..");

/**
 * Builds the packages, which the programs of the tests run as users do, and compiles them once. Node keeps what it has compiled when a process ends by itself,
 * and most of those that the tests start are killed: each of them would compile everything again.
 */
export async function setup({ config }: TestProject): Promise<void> {
  const run = promisify(execFile);
  const options = { cwd: root, env: { ...process.env, ...config.env }, timeout: withinMs };
  await run(process.execPath, ["scripts/bundle.ts"], options);
  await run(process.execPath, [path.join(import.meta.dirname, "load-programs.ts")], options);
}
