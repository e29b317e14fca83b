import { randomInt } from "node:crypto";
import process from "node:process";
import { brokers } from "../brokers/brokers.ts";
import { runSoak } from "./run-soak.ts";
import type { SoakOutcome } from "./run-soak.ts";
import { readSoakOptions, soakUsage } from "./soak-options.ts";
import type { SoakOptions } from "./soak-options.ts";
import { hasGrown } from "./trend.ts";

// ./run soak --transport redis --minutes 10
try {
  const options = readSoakOptions(process.argv.slice(2));
  if (options.help) console.log(soakUsage);
  else process.exitCode = (await soak(options)) ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  console.error("./run soak --help tells what there is.");
  process.exitCode = 2;
}

async function soak({
  transport,
  minutes,
  everySeconds,
  seed = randomInt(2 ** 31 - 1),
}: SoakOptions): Promise<boolean> {
  const broker = brokers.find(({ name }) => name === transport);
  if (broker === undefined) throw new Error(`There is no broker ${transport}.`);
  console.log(`Soak of ${transport} for ${minutes} min, a disturbance every ${everySeconds} s, seed ${seed}.`);
  const outcome = await runSoak({
    broker,
    durationMs: minutes * 60_000,
    everyMs: everySeconds * 1_000,
    random: seeded(seed),
    report: (line) => console.log(line),
  });
  return conclude(transport, outcome);
}

function conclude(transport: string, outcome: SoakOutcome): boolean {
  const { accepted, lost, doubled, interrupted, interruptedLimit, poisoned, trends } = outcome;
  const faults: string[] = [];
  if (lost.length > 0) faults.push(`${lost.length} tasks are lost, the first is ${lost[0]}`);
  if (interrupted > interruptedLimit)
    faults.push(`${interrupted} runs were interrupted, at most ${interruptedLimit} may be`);
  for (const trend of trends) {
    const { name, unit, early, late } = trend;
    console.log(`${name}: ${early.toFixed(1)} ${unit} early, ${late.toFixed(1)} ${unit} at the end`);
    if (hasGrown(trend)) faults.push(`${name} has grown from ${early.toFixed(1)} to ${late.toFixed(1)} ${unit}`);
  }
  console.log(`disturbed: ${list(outcome.disturbed)}`);
  console.log(`told to the producer: ${list(outcome.refusals)}`);
  for (const fault of faults) console.log(`FAULT: ${fault}.`);
  console.log(
    `${transport}: ${accepted} accepted, ${lost.length} lost, ${doubled} run twice (${interrupted} interrupted, at most ${interruptedLimit}), ${poisoned} dead letters: ${faults.length === 0 ? "held" : "FAILED"}.`,
  );
  return faults.length === 0;
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(", ") || "nothing";
}

/** The same numbers for the same seed: a linear congruential generator, good enough to choose by. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
