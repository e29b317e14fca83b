import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Depth } from "../scene/depth.ts";
import type { Figures } from "./figures.ts";
import { keepJson } from "./keep-json.ts";

/** Where and with what a run was made. */
export interface Surroundings {
  /** Where the broker came from, with its version. */
  readonly broker: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: string;
}

/** What a run came to. */
export interface Outcome {
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Titles of the tests that failed, and what else went wrong. */
  readonly failures: readonly string[];
  readonly figures: readonly Figures[];
}

/** One run of the matrix. Runs of many days and commits may stand beside each other, so each tells all about itself. */
export interface EvidenceRun extends Surroundings, Outcome {
  readonly seed: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Of the sources; with "+" when they were changed since. */
  readonly commit: string;
}

/** What `./run matrix` found on one transport, in the order of the runs. */
export interface Evidence {
  readonly transport: string;
  /** Of all runs: figures at two scales are not comparable. */
  readonly depth: Depth["name"];
  readonly runs: readonly EvidenceRun[];
}

/** Where the evidence is, a file for each transport. */
export const evidenceDirectory: string = fileURLToPath(new URL("../../docs/evidence/", import.meta.url));

// The file, its runs, a run, its figures: each of these is a line.
const levels = 4;

/** Writes the evidence file of a transport. */
export function writeEvidence(evidence: Evidence, directory: string = evidenceDirectory): void {
  keepJson(path.join(directory, `${evidence.transport}.json`), evidence, levels);
}

/** All that there is, by name of the transport. @throws Error for a file that another version has written */
export function readEvidence(directory: string = evidenceDirectory): readonly Evidence[] {
  const files = existsSync(directory) ? globSync("*.json", { cwd: directory }).toSorted() : [];
  return files.map((file) => readFile(path.join(directory, file)));
}

/**
 * The runs of a transport to which others are added; none where there is no file yet.
 * @throws Error when they were made at another scale, or by another version
 */
export function runsToAddTo(
  { transport, depth }: Pick<Evidence, "transport" | "depth">,
  directory: string = evidenceDirectory,
): readonly EvidenceRun[] {
  const file = path.join(directory, `${transport}.json`);
  if (!existsSync(file)) return [];
  const evidence = readFile(file);
  if (evidence.depth === depth) return evidence.runs;
  throw new Error(
    `${path.relative(process.cwd(), file)} holds runs at depth "${evidence.depth}", to which none at depth "${depth}" are added. Without --add the file begins anew.`,
  );
}

function readFile(file: string): Evidence {
  const evidence = JSON.parse(readFileSync(file, "utf8")) as Evidence;
  if (evidence.runs.every((run) => typeof run.commit === "string")) return evidence;
  throw new Error(
    `${path.relative(process.cwd(), file)} was written by another version: its runs do not tell their commits.`,
  );
}
