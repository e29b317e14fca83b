import { join } from "node:path";
import type { Scale } from "./cases/bench-case.ts";
import { inLanes } from "./cases/in-lanes.ts";
import type { Figures } from "./figures/figures.ts";
import type { Result } from "./figures/result.ts";
import { measureApart } from "./measure-apart.ts";
import type { Peer } from "./peers/peer.ts";
import { serviceOf } from "./peers/store.ts";
import type { Store } from "./peers/store.ts";
import { versionsOf } from "./peers/versions-of.ts";
import { groupOf } from "./plan.ts";
import type { Question } from "./plan.ts";
import type { Servers } from "./servers/servers.ts";
import { currentLoad } from "./sittings/current-load.ts";
import type { Sitting, SittingFacts } from "./sittings/sitting.ts";

/** How questions are asked. */
export interface RunOptions {
  readonly scale: Scale;
  readonly runs: number;
  /** Folder for CPU profiles of every process. */
  readonly profile: string | undefined;
  readonly servers: Pick<Servers, "of">;
  readonly facts: SittingFacts;
  readonly signal: AbortSignal;
  /** Told what is measured now, and what went wrong. */
  readonly onProgress: (text: string) => void;
  /** Makes one measurement. @default measureApart */
  readonly measure?: typeof measureApart;
  /** Told of each sitting when its last turn has ended, so that what comes after cannot take it away. @default nobody is told */
  readonly onSitting?: (sitting: Sitting) => void;
}

/** The questions of one case and store, which are asked in turn. */
interface Group {
  readonly case: string;
  readonly store: Store;
  readonly questions: readonly Question[];
}

const quickLanes = 3;

/**
 * Asks all questions. The peers of one case and store are asked in turn (A B A B), so that what happens on the machine beside happens to all. Nothing
 * is measured beside anything else, but for quick runs, which measure nothing. A peer that fails is left out from there on, and the others are asked on.
 */
export async function runAll(questions: readonly Question[], options: RunOptions): Promise<readonly Sitting[]> {
  const groups = groupsOf(questions);
  const sittings = new Map<Group, Sitting>();
  const work = async (group: Group): Promise<void> => {
    const sitting = await sit(group, options);
    sittings.set(group, sitting);
    options.onSitting?.(sitting);
  };
  if (options.scale === "full") await inLanes(groups, 1, work);
  else {
    const byServer = Map.groupBy(groups, ({ store }) => serviceOf(store) ?? store);
    await inLanes([...byServer.values()], quickLanes, (ofServer) => inLanes(ofServer, 1, work));
  }
  return groups.flatMap((group) => sittings.get(group) ?? []);
}

function groupsOf(questions: readonly Question[]): readonly Group[] {
  const groups = Map.groupBy(questions, groupOf);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : { case: first.benchCase.name, store: first.peer.store, questions: group };
  });
}

async function sit(group: Group, options: RunOptions): Promise<Sitting> {
  const { runs, servers, facts } = options;
  const loads: number[] = [];
  const failed = new Map<Peer, string>();
  const figures = new Map<Question, Figures[]>(group.questions.map((question) => [question, []]));
  for (let run = 1; run <= runs; run += 1) {
    loads.push(currentLoad());
    for (const [question, ofQuestion] of figures) {
      if (failed.has(question.peer)) continue;
      const asked = await ask(question, run, options);
      if (typeof asked === "string") failed.set(question.peer, asked);
      else ofQuestion.push(asked);
    }
  }
  const measured = [...figures].filter(([{ peer }]) => !failed.has(peer));
  return {
    ...facts,
    case: group.case,
    store: group.store,
    server: servers.of(group.store)?.facts,
    versions: await versionsOf(group.questions.map(({ peer }) => peer)),
    loads,
    results: measured.map(([question, ofQuestion]) => resultOf(question, ofQuestion)),
    failed: Object.fromEntries([...failed].map(([{ name }, why]) => [name, why])),
  };
}

/** Gives the figures, or why there are none. @throws Error when it is interrupted */
async function ask(question: Question, run: number, options: RunOptions): Promise<Figures | string> {
  const { scale, runs, profile, servers, signal, onProgress, measure = measureApart } = options;
  const { benchCase, peer } = question;
  onProgress(`${benchCase.name}, run ${run} of ${runs}: ${peer.name}`);
  const profileFolder = profile === undefined ? undefined : join(profile, `${benchCase.name}-${peer.name}-${run}`);
  try {
    return await measure({ ...question, scale, profile: profileFolder, server: servers.of(peer.store), signal });
  } catch (error) {
    if (signal.aborted) throw error;
    const { message } = error as Error;
    onProgress(`FAILED: ${message}`);
    return message;
  }
}

function resultOf({ benchCase, peer }: Question, runs: readonly Figures[]): Result {
  return { case: benchCase.name, peer: peer.name, store: peer.store, isLimit: peer.isLimit, runs };
}
