import { parseArgs } from "node:util";
import type { Scale } from "./cases/bench-case.ts";
import { cases, findCase } from "./cases/cases.ts";
import { findPeer, peers } from "./peers/peers.ts";
import { storeNames } from "./peers/store.ts";
import type { Store } from "./peers/store.ts";
import { allQuestions, groupOf } from "./plan.ts";
import type { Choice } from "./plan.ts";
import { redisDurabilities } from "./servers/redis-recipe.ts";
import type { RedisDurability } from "./servers/redis-recipe.ts";

/** What `npm run bench -- …` was told. */
export interface BenchOptions extends Choice {
  readonly scale: Scale;
  /** Only so many questions that every case and every peer comes up. */
  readonly isSmoke: boolean;
  readonly runs: number;
  readonly json: boolean;
  /** Whether the results are kept, and the page written from all that are. */
  readonly write: boolean;
  /** Only write the page from the results that are kept. */
  readonly page: boolean;
  /** Folder for CPU profiles of every process. */
  readonly profile: string | undefined;
  /** What the Redis of the benchmark keeps on disk. */
  readonly redisDurability: RedisDurability;
  readonly help: boolean;
}

/** What `--help` prints. */
export const usage = `npm run bench -- [options]

  --quick            little work and one run: shows that everything works, measures nothing
  --smoke            the same with only so many questions that every case and every peer comes up
  --runs <number>    runs of each case and peer, in turn (default 3)
  --case <name>      only this case; can be given again
  --peer <name>      only this peer; can be given again: two of them are a comparison
  --store <name>     only peers of this store; can be given again
  --group <name>     only this case on this store, as drain-1@redis; can be given again
  --json             print JSON instead of tables
  --write            keep the results in bench/results, group by group, in place of those whose peers they all have,
                     and write docs/benchmarks.md from all that are there: a whole run may take several sittings
  --page             measure nothing, only write docs/benchmarks.md
  --redis <keeps>    what Redis keeps on disk, for all peers alike: ${redisDurabilities.join(", ")} (default everysec)
  --profile <folder> keep CPU profiles of all processes there and print where their time went

Cases: ${cases.map(({ name }) => name).join(", ")}
Peers: ${peers.map(({ name }) => name).join(", ")}
Stores: ${storeNames.join(", ")}`;

const known = {
  quick: { type: "boolean", default: false },
  smoke: { type: "boolean", default: false },
  runs: { type: "string" },
  case: { type: "string", multiple: true },
  peer: { type: "string", multiple: true },
  store: { type: "string", multiple: true },
  group: { type: "string", multiple: true },
  json: { type: "boolean", default: false },
  write: { type: "boolean", default: false },
  page: { type: "boolean", default: false },
  redis: { type: "string", default: "everysec" },
  profile: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

/** Reads the command line. @throws TypeError, Error for what it does not know */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({ args: [...args], options: known });
  const isQuick = values.quick || values.smoke;
  if (values.write && (isQuick || values.profile !== undefined))
    throw new Error("--write keeps figures: not with --quick, --smoke or --profile, which give none.");
  return {
    scale: isQuick ? "quick" : "full",
    isSmoke: values.smoke,
    runs: readRuns(values.runs ?? (isQuick ? "1" : "3")),
    ...readChoice(values),
    json: values.json,
    write: values.write,
    page: values.page,
    profile: values.profile,
    redisDurability: readDurability(values.redis),
    help: values.help,
  };
}

/** Names that were given; none are all. */
type Chosen = Readonly<Partial<Record<"case" | "peer" | "store" | "group", readonly string[]>>>;

function readChoice(chosen: Chosen): Choice {
  const stores = chosen.store?.map((name) => readStore(name)) ?? storeNames;
  return {
    cases: chosen.case?.map((name) => findCase(name)) ?? cases,
    peers: chosen.peer?.map((name) => findPeer(name)) ?? peers.filter(({ store }) => stores.includes(store)),
    groups: chosen.group?.map((name) => readGroup(name)) ?? [],
  };
}

function readStore(name: string): Store {
  const found = storeNames.find((store) => store === name);
  if (found !== undefined) return found;
  throw new Error(`There is no store ${name}; there are ${storeNames.join(", ")}.`);
}

function readGroup(name: string): string {
  const groups = new Set(allQuestions(cases, peers).map((question) => groupOf(question)));
  if (groups.has(name)) return name;
  throw new Error(`There is no group ${name}; there are ${[...groups].join(", ")}.`);
}

function readDurability(text: string): RedisDurability {
  const found = redisDurabilities.find((one) => one === text);
  if (found !== undefined) return found;
  throw new Error(`--redis must be one of ${redisDurabilities.join(", ")}; it is ${text}.`);
}

function readRuns(text: string): number {
  const runs = Number(text);
  if (Number.isInteger(runs) && runs >= 1 && runs <= 100) return runs;
  throw new Error(`--runs must be a whole number from 1 to 100; it is ${text}.`);
}
