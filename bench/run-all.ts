import { join } from "node:path";
import type { BenchCase } from "./cases/bench-case.ts";
import type { Figures } from "./figures/figures.ts";
import type { Result } from "./figures/result.ts";
import { measureApart } from "./measure-apart.ts";
import type { BenchOptions } from "./options.ts";
import type { Peer } from "./peers/peer.ts";

/** What {@link runAll} is told beside the options. */
export interface Surroundings {
  readonly signal: AbortSignal;
  /** Told what is measured now. */
  readonly onProgress: (text: string) => void;
}

/** Runs all cases on all peers, in turn (A B A B), so that what happens on the machine beside happens to all. */
export async function runAll(options: BenchOptions, surroundings: Surroundings): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const benchCase of options.cases) results.push(...(await runCase(benchCase, options, surroundings)));
  return results;
}

async function runCase(
  benchCase: BenchCase,
  { peers, runs, scale, profile }: BenchOptions,
  { signal, onProgress }: Surroundings,
): Promise<readonly Result[]> {
  const asked = peers.filter(({ store }) => benchCase.stores.includes(store));
  const figuresOf = new Map<Peer, Figures[]>(asked.map((peer) => [peer, []]));
  for (let run = 1; run <= runs; run += 1) {
    for (const [peer, figures] of figuresOf) {
      onProgress(`${benchCase.name}, run ${run} of ${runs}: ${peer.name}`);
      const profileFolder = profile === undefined ? undefined : join(profile, `${benchCase.name}-${peer.name}-${run}`);
      figures.push(await measureApart({ benchCase, peer, scale, profile: profileFolder, signal }));
    }
  }
  return [...figuresOf].map(([peer, figures]) => resultOf(benchCase, peer, figures));
}

function resultOf({ name }: BenchCase, peer: Peer, runs: readonly Figures[]): Result {
  return { case: name, peer: peer.name, store: peer.store, isLimit: peer.isLimit, runs };
}
