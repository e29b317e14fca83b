import { execFile } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

const withinMs = 120_000;

/**
 * Compiles once what the programs of the tests load. Node keeps what it has compiled when a process ends by itself, and most of those that the tests
 * start are killed: each of them would strip all types again, which takes two thirds of its start.
 */
export async function setup({ config }: TestProject): Promise<void> {
  const args = ["--conditions=source", path.join(import.meta.dirname, "load-programs.ts")];
  await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...config.env }, timeout: withinMs });
}
