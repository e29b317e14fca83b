import type { BenchCase } from "../cases/bench-case.ts";
import type { Peer } from "../peers/peer.ts";
import { titleOf } from "../peers/store.ts";
import { allQuestions } from "../plan.ts";
import type { Question } from "../plan.ts";
import { hasAll } from "../sittings/sitting.ts";
import type { Sitting } from "../sittings/sitting.ts";

/** For which questions no sitting has figures: one line of Markdown a case, with its stores; with the peers in brackets where others of the store have figures. */
export function unmeasuredLines(
  cases: readonly BenchCase[],
  peers: readonly Peer[],
  sittings: readonly Sitting[],
): readonly string[] {
  return cases.flatMap((benchCase) => {
    const stores = Map.groupBy(allQuestions([benchCase], peers), ({ peer }) => peer.store);
    const lacking = [...stores].flatMap(([store, asked]) => {
      const left = asked.filter((question) => !isMeasured(question, sittings));
      if (left.length === 0) return [];
      return `${titleOf(store)}${left.length === asked.length ? "" : ` (${left.map(({ peer }) => peer.name).join(", ")})`}`;
    });
    return lacking.length === 0 ? [] : [`- \`${benchCase.name}\`: ${lacking.join("; ")}.`];
  });
}

function isMeasured({ benchCase, peer }: Question, sittings: readonly Sitting[]): boolean {
  return sittings.some((sitting) => sitting.case === benchCase.name && hasAll(sitting, [peer.name]));
}
