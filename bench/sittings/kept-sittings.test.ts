import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { cases } from "../cases/cases.ts";
import { peers } from "../peers/peers.ts";
import { keepSitting, readSittings } from "./kept-sittings.ts";
import { sittingOf } from "./test-support/sitting-of.ts";

test("sittings of several runs are kept beside each other, a file a case, the newest read first", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "lovage-sittings-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const figures = { "raw-redis": [{ perSecond: 2 }], "lovage-redis": [{ perSecond: 1 }] };
  const first = sittingOf(figures, { startedAt: "2026-01-02T00:00:00.000Z" });
  const later = sittingOf(figures, { startedAt: "2026-01-04T00:00:00.000Z", case: "backlog", commit: "def" });
  const between = sittingOf({ "raw-postgres": [] }, { startedAt: "2026-01-03T00:00:00.000Z", store: "postgres" });
  for (const sitting of [first, later, between]) keepSitting(sitting, folder);
  expect(readSittings(folder)).toEqual([later, between, first]);
  expect(readdirSync(folder)).toEqual(["backlog.json", "drain-1.json"]);
  const lines = readFileSync(path.join(folder, "drain-1.json"), "utf8").split("\n");
  expect(lines).toContain(`      ${JSON.stringify(first.results[1])}`);
});

test("nothing is read where nothing is kept", () => {
  expect(readSittings(path.join(tmpdir(), "lovage-no-sittings"))).toEqual([]);
});

test("all that is kept in this repository is about cases and peers that there are", () => {
  const known = new Set([...cases, ...peers].map(({ name }) => name));
  const named = readSittings().flatMap(({ results }) => results.flatMap((result) => [result.case, result.peer]));
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});
