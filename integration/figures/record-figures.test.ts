import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Figures } from "./figures.ts";
import { recordFigures } from "./record-figures.ts";
import { someFigures } from "./test-support/run-of.ts";

const directory = mkdtempSync(path.join(tmpdir(), "lovage-figures-"));
beforeAll(() => void vi.stubEnv("LOVAGE_TEST_FIGURES", directory));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const record = (said: Partial<Figures>) => () => recordFigures({ ...someFigures, doubled: 8, ...said });

test("what is within its limits is recorded, times up to five times the limit", () => {
  record({})();
  record({ timings: [{ name: "recovery", measuredMs: 5_000, limitMs: 1_000 }] })();
  expect(record({ timings: [{ name: "recovery", measuredMs: 5_001, limitMs: 1_000 }] })).toThrow("recovery, in ms");
});

test("a loss and an interruption too many fail", () => {
  expect(record({ lost: 1 })).toThrow("lost");
  expect(record({ interrupted: 9 })).toThrow("interrupted");
});

test("what began twice without having been interrupted is held to the same limit, unless the scenario has another", () => {
  expect(record({ doubled: 9 })).toThrow("begun twice");
  record({ doubled: 16, doubledLimit: 16 })();
  expect(record({ doubled: 17, doubledLimit: 16 })).toThrow("begun twice");
});

test("what was not counted is not judged", () => {
  const { lost: _, doubled: __, ...uncounted } = someFigures;
  expect(() => recordFigures(uncounted)).not.toThrow();
});
