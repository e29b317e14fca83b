import { randomInt } from "node:crypto";
import process from "node:process";
import { brokers } from "../brokers/brokers.ts";
import { conclude } from "./conclude.ts";
import { runSoak } from "./run-soak.ts";
import { readSoakOptions, soakUsage } from "./soak-options.ts";
import type { SoakOptions } from "./soak-options.ts";

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
  const { isHeld, lines } = conclude(transport, outcome);
  for (const line of lines) console.log(line);
  return isHeld;
}

/** The same numbers for the same seed: a linear congruential generator, good enough to choose by. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
