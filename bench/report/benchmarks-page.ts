import type { BenchCase } from "../cases/bench-case.ts";
import { summarise } from "../figures/summary.ts";
import type { Peer } from "../peers/peer.ts";
import { storeNames, titleOf } from "../peers/store.ts";
import type { Sitting } from "../sittings/sitting.ts";
import { judge } from "../targets/judge.ts";
import { targets } from "../targets/targets.ts";
import { aheadLines } from "./ahead.ts";
import { barChart } from "./bar-chart.ts";
import { caseTable } from "./case-table.ts";
import { settings } from "./settings.ts";
import { sittingLine } from "./sitting-line.ts";
import { targetTable } from "./target-table.ts";
import { unmeasuredLines } from "./unmeasured.ts";

/** What the page of the figures is made of. */
export interface PageParts {
  readonly cases: readonly BenchCase[];
  readonly peers: readonly Peer[];
  /** The newest first. */
  readonly sittings: readonly Sitting[];
}

/** The page and its pictures, by their names in the folder of pictures. */
export interface BenchmarksPage {
  readonly markdown: string;
  readonly pictures: ReadonlyMap<string, string>;
}

/** Folder of the pictures, beside the page. */
export const picturesFolder = "benchmarks";

/** The page `docs/benchmarks.md`. */
export function benchmarksPage(parts: PageParts): BenchmarksPage {
  const { cases, peers, sittings } = parts;
  const pictures = new Map<string, string>();
  const sections = cases.flatMap((benchCase) => caseSection(benchCase, sittings, pictures));
  const unmeasured = unmeasuredLines(cases, peers, sittings);
  const markdown = `# Benchmarks

Written by \`npm run bench -- --write\`; do not edit.

${settings(sittings)}

Every figure is the median of the runs, each in a process of its own on a server that was just emptied; the peers of a table run in turn (A B A B), in one sitting, whose date, commit
and versions stand under the table. Tables of several sittings are beside each other here, no ratio is made of two. Producer, workers and server share
the cores. Jobs carry about 100 bytes of JSON and do nothing. Ratios are medians of runs side by side. They carry from machine to machine better than figures do; on a machine
that is shared, both vary by a factor of two from run to run. The load is the machine's load average of one minute.

${peerList(parts)}

## Targets

A target is met when the median is within 10 % of it. It takes seven pairs of runs to judge.

${targetTable(judge(targets, parts))}

## What peers do better

By the figure that a case is about, against Lovage on the same store; what is nearer than 10 % is left out. Raw clients are limits, not alternatives.

${aheadLines(cases, sittings).join("\n")}
${unmeasured.length === 0 ? "" : `\n## Not measured\n\nStores on which nobody was asked a case yet; in brackets the peers that were not, where others were.\n\n${unmeasured.join("\n")}\n`}
${sections.join("\n")}`;
  return { markdown, pictures };
}

function peerList({ peers, sittings }: PageParts): string {
  const measured = new Set(sittings.flatMap(({ results }) => results.map(({ peer }) => peer)));
  const lines = peers.filter(({ name }) => measured.has(name)).map(({ name, about }) => `- **${name}**: ${about}.`);
  const lovage =
    "Lovage always runs with its defaults and all its guarantees: ten tasks at once with adaptive prefetch, late acknowledgement, leases that are renewed from a thread. No results are stored but in the round trips.";
  return `${lovage}\n\n${lines.join("\n")}`;
}

function caseSection(
  benchCase: BenchCase,
  sittings: readonly Sitting[],
  pictures: Map<string, string>,
): readonly string[] {
  const { name, title, headline, isBetter } = benchCase;
  const tables = inOrderOfStores(sittings.filter((sitting) => sitting.case === name)).flatMap((sitting) => {
    const [summary] = summarise(benchCase, sitting.results);
    const head = `### ${titleOf(sitting.store)}\n\n`;
    if (summary === undefined) return `${head}${sittingLine(sitting)}\n`;
    const picture = nameOfPicture(`${name}-${sitting.store}`, pictures);
    pictures.set(picture, barChart({ title, headline, summary }));
    return `${head}![${title}](${picturesFolder}/${picture})\n\n${caseTable(summary, headline)}\n\n${sittingLine(sitting)}\n`;
  });
  return tables.length === 0 ? [] : [`## ${title}\n\n\`${name}\`; ${isBetter} is better\n\n${tables.join("\n")}`];
}

/** Of one store the newest first. */
function inOrderOfStores(sittings: readonly Sitting[]): readonly Sitting[] {
  return sittings.toSorted((a, b) => storeNames.indexOf(a.store) - storeNames.indexOf(b.store));
}

/** Older sittings of the same case and store have a number. */
function nameOfPicture(name: string, taken: ReadonlyMap<string, string>): string {
  for (let number = 1; ; number += 1) {
    const file = `${name}${number === 1 ? "" : `-${number}`}.svg`;
    if (!taken.has(file)) return file;
  }
}
