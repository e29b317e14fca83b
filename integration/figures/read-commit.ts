import { spawnSync } from "node:child_process";

// What runs write themselves: figures, and the pages made of them.
const written = [":!docs", ":!bench/results"];

/** The commit of the sources that run, with "+" when they were changed since; "unknown" where they are no clone. */
export function readCommit(): string {
  const commit = git("rev-parse", "--short=12", "HEAD");
  if (commit === undefined) return "unknown";
  const changes = git("status", "--porcelain", "--untracked-files=no", "--", ".", ...written);
  return `${commit}${changes === "" ? "" : "+"}`;
}

function git(...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync("git", args, { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
