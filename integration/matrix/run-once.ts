import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { brokers } from "../brokers/brokers.ts";
import type { Outcome } from "../figures/evidence.ts";
import type { Figures } from "../figures/figures.ts";
import type { MatrixOptions } from "./matrix-options.ts";
import { countsOf } from "./test-report.ts";
import type { TestReport } from "./test-report.ts";

const broken = { passed: 0, failed: 1, skipped: 0, failures: ["the run broke off"] };

/** What a run counts as that did not come to its end: as failed, whatever it had found until then. */
export const brokenOff: Outcome = { ...broken, seconds: 0, figures: [] };

/** Runs all suites of a transport once, in a process of its own, and shows what it prints. */
export function runOnce(options: MatrixOptions, seed: number): Outcome {
  const directory = mkdtempSync(path.join(tmpdir(), "lovage-matrix-"));
  try {
    const startedAtMs = Date.now();
    const report = path.join(directory, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const env = {
      ...process.env,
      LOVAGE_TEST_TRANSPORT: options.transport,
      LOVAGE_TEST_DEPTH: options.depth,
      LOVAGE_TEST_FIGURES: path.join(directory, "figures"),
      LOVAGE_TEST_REQUIRE: "all",
      LOVAGE_SEED: String(seed),
    };
    const { status } = spawnSync("vitest", ["run", ...suitesOf(options), ...reporters], { env, stdio: "inherit" });
    const counts = existsSync(report)
      ? countsOf(JSON.parse(readFileSync(report, "utf8")) as TestReport, status)
      : broken;
    return { ...counts, seconds: secondsSince(startedAtMs), figures: readFigures(env.LOVAGE_TEST_FIGURES) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The rows; without a choice of rows also the broker's own suites. */
function suitesOf({ transport, rows }: MatrixOptions): readonly string[] {
  if (rows.length > 0) return rows.map((row) => `integration/faults/row-${String(row).padStart(2, "0")}-`);
  const { suites = [] } = brokers.find(({ name }) => name === transport) ?? {};
  return ["integration/faults/row-", ...suites];
}

function readFigures(directory: string): readonly Figures[] {
  const files = globSync("*.json", { cwd: directory }).toSorted();
  return files.map((file) => JSON.parse(readFileSync(path.join(directory, file), "utf8")) as Figures);
}

function secondsSince(startedAtMs: number): number {
  return Math.round((Date.now() - startedAtMs) / 1_000);
}
