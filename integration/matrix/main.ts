import { randomInt } from "node:crypto";
import process from "node:process";
import { runsToAddTo, writeEvidence } from "../figures/evidence.ts";
import type { EvidenceRun } from "../figures/evidence.ts";
import { readCommit } from "../figures/read-commit.ts";
import { matrixUsage, readMatrixOptions } from "./matrix-options.ts";
import type { MatrixOptions } from "./matrix-options.ts";
import { brokenOff, runOnce } from "./run-once.ts";
import { surroundingsOf } from "./surroundings.ts";

// ./run matrix --transport redis --full --repeat 20
const largestSeed = 2 ** 31 - 1;

try {
  const options = readMatrixOptions(process.argv.slice(2));
  if (options.help) console.log(matrixUsage);
  else process.exitCode = (await runMatrix(options)) ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  console.error("./run matrix --help tells what there is.");
  process.exitCode = 2;
}

async function runMatrix(options: MatrixOptions): Promise<boolean> {
  const { transport, depth, repeat, writes, adds } = options;
  const before = adds ? runsToAddTo(options) : [];
  const surroundings = await surroundingsOf(transport);
  const first = options.seed ?? randomInt(largestSeed);
  const runs: EvidenceRun[] = [];
  const write = (...now: readonly EvidenceRun[]): void => {
    if (writes) writeEvidence({ transport, depth, runs: [...before, ...now] });
  };
  for (let number = 1; number <= repeat; number += 1) {
    const seed = (first + number - 1) % largestSeed;
    const begun = { seed, startedAt: new Date().toISOString(), commit: readCommit(), ...surroundings };
    console.log(`\nRun ${number} of ${repeat}: ${transport} (${begun.broker}), ${depth} depth, seed ${seed}.`);
    // Before it begins: whatever ends it, a run that was begun is not forgotten.
    write(...runs, { ...begun, ...brokenOff });
    const run = { ...begun, ...runOnce(options, seed) };
    runs.push(run);
    console.log(`Run ${number} of ${repeat}: ${run.passed} passed, ${run.failed} failed in ${run.seconds} s.`);
    write(...runs);
  }
  return conclude(options, runs, before.length);
}

function conclude({ transport, repeat, writes }: MatrixOptions, runs: readonly EvidenceRun[], before: number): boolean {
  const failures = Map.groupBy(
    runs.flatMap((run) => run.failures),
    (title) => title,
  );
  for (const [title, times] of failures) console.log(`Failed in ${times.length} of ${repeat} runs: ${title}`);
  if (writes)
    console.log(
      `docs/evidence/${transport}.json holds ${before + runs.length} runs. ./run guarantees puts its figures into docs/guarantees.md.`,
    );
  const clean = runs.filter(({ failed }) => failed === 0).length;
  const lost = runs.flatMap(({ figures }) => figures).reduce((sum, each) => sum + (each.lost ?? 0), 0);
  console.log(`${transport}: ${clean} of ${repeat} runs without a failure, ${lost} tasks lost.`);
  return clean === repeat;
}
