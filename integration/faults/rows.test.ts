import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { brokers } from "../brokers/brokers.ts";

/** The rows of the fault matrix that this release answers for. */
const rows = [1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 25, 41, 44, 49, 50, 51, 53, 54, 56, 57, 58, 59];

test("each row of the fault matrix has its file, and every exemption is one of these rows", () => {
  const files = readdirSync(import.meta.dirname).map((file) => /^row-(\d+)-.*\.test\.ts$/u.exec(file)?.[1]);
  expect(files.flatMap((row) => (row === undefined ? [] : [Number(row)])).toSorted((a, b) => a - b)).toEqual(rows);
  const exempted = brokers.flatMap(({ exemptions }) => Object.keys(exemptions).map(Number));
  expect(exempted.filter((row) => !rows.includes(row))).toEqual([]);
});
