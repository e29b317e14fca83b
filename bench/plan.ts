import type { BenchCase, Scale } from "./cases/bench-case.ts";
import type { Peer } from "./peers/peer.ts";

/** A case and a peer that it is asked of. */
export interface Question {
  readonly benchCase: BenchCase;
  readonly peer: Peer;
}

/** What of all is to be asked. */
export interface Choice {
  readonly cases: readonly BenchCase[];
  readonly peers: readonly Peer[];
  /** Names of groups. Empty: all. */
  readonly groups: readonly string[];
}

/** All questions that make sense, in the order in which they are printed. */
export function allQuestions(cases: readonly BenchCase[], peers: readonly Peer[]): readonly Question[] {
  return cases.flatMap((benchCase) => {
    const { name, stores, asks = () => true } = benchCase;
    const asked = peers.filter((peer) => stores.includes(peer.store) && asks(peer) && peer.isAsked(name));
    return asked.map((peer) => ({ benchCase, peer }));
  });
}

/** The questions of a choice. */
export function chosenQuestions({ cases, peers, groups }: Choice): readonly Question[] {
  return allQuestions(cases, peers).filter((question) => groups.length === 0 || groups.includes(groupOf(question)));
}

/** The group that it belongs to, such as `drain-1@redis`: what is asked in turn, in one sitting, and compared. */
export function groupOf({ benchCase, peer }: Question): string {
  return `${benchCase.name}@${peer.store}`;
}

/** Whether something must be built before it is asked. */
export function needsBuild({ benchCase, peer }: Question, scale: Scale): boolean {
  return benchCase.needsBuild?.(scale, peer) ?? false;
}

/** Whether it can be asked in a smoke run. */
export function isQuick(question: Question): boolean {
  return !needsBuild(question, "quick") && question.peer.startsSlowly !== true;
}

/** A few of these questions, in which every case and every peer comes up: enough to see that all of them work. */
export function fewQuestions(questions: readonly Question[]): readonly Question[] {
  const few = new Set<Question>();
  const timesAsked = new Map<BenchCase, number>();
  const add = (question: Question): void => {
    few.add(question);
    timesAsked.set(question.benchCase, (timesAsked.get(question.benchCase) ?? 0) + 1);
  };
  for (const peer of new Set(questions.map((question) => question.peer))) {
    const [rarest] = questions
      .filter((question) => question.peer === peer)
      .toSorted((a, b) => (timesAsked.get(a.benchCase) ?? 0) - (timesAsked.get(b.benchCase) ?? 0));
    if (rarest !== undefined) add(rarest);
  }
  for (const question of questions) if (!timesAsked.has(question.benchCase)) add(question);
  return questions.filter((question) => few.has(question));
}
