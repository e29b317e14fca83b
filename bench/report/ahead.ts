import type { BenchCase } from "../cases/bench-case.ts";
import type { Result } from "../figures/result.ts";
import { figureOf, ratioOf } from "../figures/summary.ts";
import type { Sitting } from "../sittings/sitting.ts";
import { formatFigure } from "./format-figure.ts";

// Nearer than this is a tie.
const tie = 1.1;

/** What each peer does better than Lovage on the same store, by the headline figures of the newest sitting of both: one line of Markdown a peer. */
export function aheadLines(cases: readonly BenchCase[], sittings: readonly Sitting[]): readonly string[] {
  const ahead = cases.flatMap((benchCase) =>
    pairsOf(sittings.filter((sitting) => sitting.case === benchCase.name)).flatMap((pair) => {
      const times = timesBetter(benchCase, pair);
      return times > tie ? { peer: pair.theirs.peer, text: `\`${benchCase.name}\` ${formatFigure(times)} x` } : [];
    }),
  );
  const byPeer = Map.groupBy(ahead, ({ peer }) => peer);
  return [...byPeer].map(([peer, those]) => `- **${peer}**: ${those.map(({ text }) => text).join(", ")}.`);
}

/** A peer and Lovage in one sitting. */
interface Pair {
  readonly theirs: Result;
  readonly ours: Result;
}

function pairsOf(sittings: readonly Sitting[]): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  for (const { store, results } of sittings) {
    const ours = results.find(({ peer }) => peer === `lovage-${store}`);
    if (ours === undefined) continue;
    for (const theirs of results)
      if (theirs !== ours && !pairs.has(theirs.peer)) pairs.set(theirs.peer, { theirs, ours });
  }
  return [...pairs.values()];
}

function timesBetter({ headline, isBetter }: BenchCase, { theirs, ours }: Pair): number {
  const ratio = ratioOf(figureOf(theirs, headline), figureOf(ours, headline));
  return isBetter === "more" ? ratio : 1 / ratio;
}
