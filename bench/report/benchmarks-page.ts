import type { BenchCase } from "../cases/bench-case.ts";
import type { Result } from "../figures/result.ts";
import { summarise } from "../figures/summary.ts";
import { caseTable } from "./case-table.ts";
import type { Environment } from "./environment.ts";

/** What the page of the figures is made of. */
export interface PageParts {
  readonly environment: Environment;
  readonly runs: number;
  readonly cases: readonly BenchCase[];
  readonly results: readonly Result[];
}

/** The page `docs/benchmarks.md`. */
export function benchmarksPage({ environment, runs, cases, results }: PageParts): string {
  const { date, node, sqlite, system, processor, cores, memoryGiB } = environment;
  const tables = cases.map(
    (benchCase) =>
      `## ${benchCase.title}\n\n\`${benchCase.name}\`\n\n${caseTable(summarise(benchCase, results), benchCase.headline)}\n`,
  );
  return `# Benchmarks

Written by \`npm run bench -- --write\`; do not edit.

| | |
| --- | --- |
| date | ${date} |
| machine | ${cores} cores, ${processor}, ${memoryGiB} GiB, ${system} |
| versions | Node ${node}, SQLite ${sqlite} |
| runs | ${runs} of each case and peer, in turn (A B A B), each in a process of its own |

Every figure is the median of the runs. Producer and workers share the cores. Jobs carry about 100 bytes of JSON and do nothing. All settings are the defaults.

- **lovage-sqlite**: the whole runtime with its defaults: a call is accepted after an fsync (\`synchronous=FULL\`), leases are renewed from a thread, tasks are acknowledged after they have run.
  Worker processes run 10 tasks at once with adaptive prefetch. No results are stored but in the round trips.
- **raw-sqlite**: \`node:sqlite\` with nothing around it, as durable (WAL, \`synchronous=FULL\`): one INSERT per call or 1,000 in a transaction, claims of 500, one DELETE per job in a transaction of 500, polls each ms. No
  leases that expire, retries, dead letters, validation or wake-up: the limit, not an alternative.
- **lovage-memory**, **raw-memory**: the same within one process; raw-memory is an array, \`JSON.stringify\`, \`JSON.parse\` and an async function.

\`÷ limit\` is the figure over that of the raw peer of the same store, the median over runs side by side. For rates more is better, for times less. Ratios carry from machine to machine better than
figures do; on a machine that is shared, both vary by a factor of two from run to run.

${tables.join("\n")}`;
}
