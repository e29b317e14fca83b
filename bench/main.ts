import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Result } from "./figures/result.ts";
import { summarise } from "./figures/summary.ts";
import { build } from "./install/build.ts";
import type { BenchOptions } from "./options.ts";
import { readOptions, usage } from "./options.ts";
import { cases } from "./cases/cases.ts";
import { peers } from "./peers/peers.ts";
import { titleOf } from "./peers/store.ts";
import { chosenQuestions, fewQuestions, isQuick, needsBuild } from "./plan.ts";
import type { Question } from "./plan.ts";
import { printProfiles } from "./profile/print-profiles.ts";
import { benchmarksPage } from "./report/benchmarks-page.ts";
import { caseTable } from "./report/case-table.ts";
import { writePage } from "./report/write-page.ts";
import { runAll } from "./run-all.ts";
import { Servers } from "./servers/servers.ts";
import { keepSitting, readSittings } from "./sittings/kept-sittings.ts";
import { sittingFacts } from "./sittings/sitting-facts.ts";
import { splitPeers } from "./split-peers.ts";

const page = fileURLToPath(new URL("../docs/benchmarks.md", import.meta.url));

const options = readOptions(process.argv.slice(2));
if (options.help) console.log(usage);
else if (options.page) await writeBenchmarks();
else await bench(options);

async function bench(told: BenchOptions): Promise<void> {
  const { runs, scale, isSmoke, json, write, profile, redisDurability } = told;
  const interrupted = new AbortController();
  process.on("SIGINT", () => interrupted.abort());
  // Before the servers start, which is a load of its own.
  const facts = sittingFacts();
  const chosen = chosenQuestions(told);
  await using servers = await Servers.start(new Set(chosen.map(({ peer }) => peer.store)), { redisDurability, scale });
  const { there, absent, notCovered } = await splitPeers([...new Set(chosen.map(({ peer }) => peer))], servers);
  // Progress goes where it does not mix with JSON.
  for (const reason of notCovered) console.error(`NOT COVERED: ${reason}`);
  const all = chosen.filter(({ peer }) => there.includes(peer));
  const questions = isSmoke ? fewQuestions(all.filter((question) => isQuick(question))) : all;
  if (questions.some((question) => needsBuild(question, scale))) await build();
  const sittings = await runAll(questions, {
    scale,
    runs,
    profile,
    servers,
    facts,
    signal: interrupted.signal,
    onProgress: console.error,
    ...(write ? { onSitting: keepSitting } : {}),
  });
  const results = sittings.flatMap((sitting) => sitting.results);
  if (json) console.log(JSON.stringify({ absent, notCovered, sittings }, null, 2));
  else printTables(questions, results);
  if (write) await writeBenchmarks();
  if (profile !== undefined) await printProfiles(profile);
  if (sittings.some(({ failed }) => Object.keys(failed).length > 0)) process.exitCode = 1;
}

function printTables(questions: readonly Question[], results: readonly Result[]): void {
  for (const benchCase of new Set(questions.map((question) => question.benchCase))) {
    const { name, title, headline } = benchCase;
    for (const summary of summarise(benchCase, results))
      console.log(`\n${name} on ${titleOf(summary.store)}: ${title}\n\n${caseTable(summary, headline)}`);
  }
}

/** Made of all that is kept, whatever was measured now. */
async function writeBenchmarks(): Promise<void> {
  await writePage(page, benchmarksPage({ cases, peers, sittings: readSittings() }));
}
