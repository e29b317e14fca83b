import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Builds our packages as they are published, and the bench's own workers. @throws Error when they do not compile */
export async function build(): Promise<void> {
  const compiler = "node_modules/typescript/bin/tsc";
  const projects = ["tsconfig.build.json", "bench/tsconfig.build.json"];
  await promisify(execFile)(process.execPath, [compiler, "-b", ...projects], { cwd: root });
}
