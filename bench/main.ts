import { writeFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Result } from "./figures/result.ts";
import { summarise } from "./figures/summary.ts";
import type { BenchOptions } from "./options.ts";
import { readOptions, usage } from "./options.ts";
import { printProfiles } from "./profile/print-profiles.ts";
import { benchmarksPage } from "./report/benchmarks-page.ts";
import { caseTable } from "./report/case-table.ts";
import { readEnvironment } from "./report/environment.ts";
import { runAll } from "./run-all.ts";

const page = fileURLToPath(new URL("../docs/benchmarks.md", import.meta.url));

const options = readOptions(process.argv.slice(2));
if (options.help) console.log(usage);
else await bench(options);

async function bench({ runs, cases, json, write, profile }: BenchOptions): Promise<void> {
  const interrupted = new AbortController();
  process.on("SIGINT", () => interrupted.abort());
  const environment = readEnvironment();
  // Progress goes where it does not mix with JSON.
  const results = await runAll(options, { signal: interrupted.signal, onProgress: (text) => console.error(text) });
  if (json) console.log(JSON.stringify({ environment, runs, results }, null, 2));
  else printTables(cases, results);
  if (write) await writeFile(page, benchmarksPage({ environment, runs, cases, results }));
  if (profile !== undefined) await printProfiles(profile);
}

function printTables(cases: BenchOptions["cases"], results: readonly Result[]): void {
  for (const benchCase of cases) {
    const { name, title, headline } = benchCase;
    console.log(`\n${name}: ${title}\n\n${caseTable(summarise(benchCase, results), headline)}`);
  }
}
