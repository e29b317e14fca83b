import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Builds our packages as they are published, and the bench's own workers. @throws Error when they do not compile */
export async function build(): Promise<void> {
  const run = promisify(execFile);
  const compiler = "node_modules/typescript/bin/tsc";
  await run(process.execPath, [compiler, "-b", "tsconfig.build.json", "bench/tsconfig.build.json"], { cwd: root });
  await run(process.execPath, ["scripts/bundle.ts"], { cwd: root });
}
