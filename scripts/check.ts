import { spawnSync } from "node:child_process";
import process from "node:process";

/** What `npm run check` asks, in this order. All are asked, also after one has failed. */
const steps: readonly (readonly [title: string, command: string])[] = [
  ["format", "oxfmt --check ."],
  ["lint", "oxlint"],
  ["arrows", "node scripts/check-arrows.ts"],
  ["types", "tsc --project ."],
  ["unused", "knip"],
  ["build and pack", "./run pack"],
  ["packed packages", "node scripts/check-tarballs.ts"],
];

const failed = steps.filter(([title, command]) => !passes(title, command)).map(([title]) => title);
console.log(failed.length === 0 ? "All checks passed." : `Failed: ${failed.join(", ")}.`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** A step that passes is one line; what a failed one printed follows its line. */
function passes(title: string, command: string): boolean {
  const startedAtMs = Date.now();
  const { status, stdout, stderr } = spawnSync(command, { shell: true, encoding: "utf8", maxBuffer: Infinity });
  const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${title} (${command}) ${seconds} s`);
  if (status !== 0) console.log(`${stdout}${stderr}`);
  return status === 0;
}
