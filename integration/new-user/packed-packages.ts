import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The tarballs of all packages, as users get them: those in the directory that `LOVAGE_TEST_ARTIFACTS` names, from the workspace's root, or packed
 * now, into a directory of the test's.
 */
export function packedPackages(directory: string): readonly string[] {
  const named = process.env["LOVAGE_TEST_ARTIFACTS"];
  if (named === undefined) pack(directory);
  const tarballs = globSync("*.tgz", { cwd: path.resolve(root, named ?? directory) });
  return tarballs.map((file) => path.resolve(root, named ?? directory, file));
}

/** As `./run pack`, but leaves what is in the workspace where it is, for other tests run beside this one. */
function pack(directory: string): void {
  run(process.execPath, ["node_modules/typescript/bin/tsc", "-b", "tsconfig.build.json"]);
  run(process.execPath, ["scripts/bundle.ts"]);
  const pnpm = /pnpm@[\d.]+/u.exec(readFileSync(path.join(root, "run"), "utf8"))?.[0];
  if (pnpm === undefined) throw new Error("The script `run` does not say which pnpm it uses.");
  run("npx", ["--yes", pnpm, "--recursive", "--filter", "./packages/*", "pack", "--pack-destination", directory]);
}

function run(command: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`);
}
