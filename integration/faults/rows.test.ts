import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { brokers } from "../brokers/brokers.ts";
import { otherRows } from "./other-rows.ts";

/** The rows of the fault matrix that are run here. */
const rows = [
  1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 21, 22, 23, 24, 25, 30, 31, 32, 33, 34, 35, 36, 37, 39, 40, 41,
  42, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 56, 57, 58, 59, 64,
];

test("each row of the fault matrix has its file, and every exemption is one of these rows", () => {
  const files = readdirSync(import.meta.dirname).map((file) => /^row-(\d+)-.*\.test\.ts$/u.exec(file)?.[1]);
  expect(files.flatMap((row) => (row === undefined ? [] : [Number(row)])).toSorted((a, b) => a - b)).toEqual(rows);
  const exempted = brokers.flatMap(({ exemptions }) => Object.keys(exemptions).map(Number));
  expect(exempted.filter((row) => !rows.includes(row))).toEqual([]);
});

test("each row from 1 to 64 is run here, held elsewhere or said to be held by nothing", () => {
  const said = new Set([...rows, ...otherRows.flatMap((others) => others.rows)]);
  const all = Array.from({ length: 64 }, (_, index) => index + 1);
  expect(all.filter((row) => !said.has(row))).toEqual([]);
  const root = path.join(import.meta.dirname, "../..");
  const heldBy = otherRows.flatMap((others) => others.heldBy ?? []);
  expect(heldBy.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});
