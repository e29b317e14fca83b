import { parseArgs } from "node:util";
import type { BenchCase, Scale } from "./cases/bench-case.ts";
import { cases, findCase } from "./cases/cases.ts";
import type { Peer } from "./peers/peer.ts";
import { findPeer, peers } from "./peers/peers.ts";

/** What `npm run bench -- …` was told. */
export interface BenchOptions {
  readonly scale: Scale;
  readonly runs: number;
  readonly cases: readonly BenchCase[];
  readonly peers: readonly Peer[];
  readonly json: boolean;
  readonly write: boolean;
  /** Folder for CPU profiles of every process. */
  readonly profile: string | undefined;
  readonly help: boolean;
}

/** What `--help` prints. */
export const usage = `npm run bench -- [options]

  --quick            little work and one run: shows that everything works, measures nothing
  --runs <number>    runs of each case and peer, in turn (default 3)
  --case <name>      only this case; can be given again
  --peer <name>      only this peer; can be given again
  --json             print JSON instead of tables
  --write            write docs/benchmarks.md
  --profile <folder> keep CPU profiles of all processes there and print where their time went

Cases: ${cases.map(({ name }) => name).join(", ")}
Peers: ${peers.map(({ name }) => name).join(", ")}`;

/** Reads the command line. @throws TypeError, Error for what it does not know */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      runs: { type: "string" },
      case: { type: "string", multiple: true },
      peer: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      profile: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    scale: values.quick ? "quick" : "full",
    runs: readRuns(values.runs ?? (values.quick ? "1" : "3")),
    cases: values.case?.map((name) => findCase(name)) ?? cases,
    peers: values.peer?.map((name) => findPeer(name)) ?? peers,
    json: values.json,
    write: values.write,
    profile: values.profile,
    help: values.help,
  };
}

function readRuns(text: string): number {
  const runs = Number(text);
  if (Number.isInteger(runs) && runs >= 1 && runs <= 100) return runs;
  throw new Error(`--runs must be a whole number from 1 to 100; it is ${text}.`);
}
