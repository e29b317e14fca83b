import { expect, test } from "vitest";
import { cases } from "../cases/cases.ts";
import { peers } from "../peers/peers.ts";
import type { Sitting } from "../sittings/sitting.ts";
import { sittingOf } from "../sittings/test-support/sitting-of.ts";
import { benchmarksPage, picturesFolder } from "./benchmarks-page.ts";

const rate = (perSecond: number) => [{ perSecond }];
const drain = sittingOf({
  "raw-redis": rate(200),
  "lovage-redis": rate(100),
  "bee-queue": rate(10),
  bullmq: rate(50),
});
const pageOf = (...sittings: readonly Sitting[]) => benchmarksPage({ cases, peers, sittings });
const page = pageOf(drain);

test("the page says what was measured when and with what", () => {
  expect(page.markdown).toMatch(/^\| 2026-01-02 03:04 \| `abc` +\| 1 +\| 0\.25 +\| \d+ cores, /mu);
  expect(page.markdown).toContain(
    "- Redis keeps an append-only file that is synced every second; for all peers alike.\n",
  );
  expect(page.markdown).toMatch(
    /^2026-01-02 03:04, commit `abc`; 1 run, load before them 1\.50, 2; Node [\d.]+, Redis 7\.0\.15, bullmq 6\.7\.0\.$/mu,
  );
  expect(page.markdown).toContain("- **bee-queue**: 100 jobs at once");
  expect(page.markdown).not.toContain("- **raw-sqlite**");
});

test("the page says what was not measured, and what failed", () => {
  expect(page.markdown).toContain("- `drain-1`: SQLite; Memory; Redis (celery-redis); PostgreSQL; ");
  expect(page.markdown).toContain("- `stored-bytes`: SQLite; Redis; PostgreSQL.\n");
  const failing = { ...drain, failed: { "celery-redis": "drain-1 of celery-redis ended with 1." } };
  expect(pageOf(failing).markdown).toContain("\n**celery-redis** failed: drain-1 of celery-redis ended with 1.\n");
  const allFailed = sittingOf({}, { failed: { bullmq: "drain-1 of bullmq ended with 1." } });
  expect(pageOf(allFailed).markdown).toContain("**bullmq** failed: drain-1 of bullmq ended with 1.");
});

test("each target that was measured has its verdict", () => {
  expect(page.markdown).toMatch(/\| ≥ 6 x bee-queue +\| 10 +\| met, of only 1 run +\|/u);
  expect(page.markdown).toMatch(/\| ≥ 6 x bullmq +\| 2 +\| \*\*not met\*\*, of only 1 run +\|/u);
});

test("what peers do better is said", () => {
  expect(page.markdown).toContain("- **raw-redis**: `drain-1` 2 x.\n");
  expect(page.markdown).not.toContain("- **bullmq**: `drain-1`");
});

test("each table has its picture, with a bar for each peer", () => {
  expect(page.markdown).toContain(`](${picturesFolder}/drain-1-redis.svg)`);
  expect([...page.pictures.keys()]).toEqual(["drain-1-redis.svg"]);
  expect(page.pictures.get("drain-1-redis.svg")?.match(/<rect /gu)).toHaveLength(4);
});

test("two sittings of one case have a table each, the newer first, and the newer tells who is ahead", () => {
  const newer = sittingOf(
    { "lovage-redis": rate(100), bullmq: rate(300) },
    { startedAt: "2026-02-03T00:00:00.000Z", commit: "def" },
  );
  const { markdown, pictures } = pageOf(newer, drain);
  expect([...pictures.keys()]).toEqual(["drain-1-redis.svg", "drain-1-redis-2.svg"]);
  expect(markdown.indexOf("commit `def`; 1 run")).toBeLessThan(markdown.indexOf("commit `abc`; 1 run"));
  expect(markdown).toContain("- **bullmq**: `drain-1` 3 x.\n- **raw-redis**: `drain-1` 2 x.\n");
  expect(markdown).toMatch(/\| ≥ 6 x bullmq +\| 0\.33 +\|/u);
  expect(markdown).toMatch(/\| ≥ 6 x bee-queue +\| 10 +\|/u);
});
