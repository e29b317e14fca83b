import { expect, test } from "vitest";
import { cases } from "./cases/cases.ts";
import { peers } from "./peers/peers.ts";
import { allQuestions, fewQuestions, isQuick, needsBuild } from "./plan.ts";

test("every peer is asked something", () => {
  const asked = new Set(allQuestions(cases, peers).map(({ peer }) => peer));
  expect(peers.filter((peer) => !asked.has(peer)).map(({ name }) => name)).toEqual([]);
});

test("a few questions have every case and every peer in them", () => {
  const all = allQuestions(cases, peers);
  const few = fewQuestions(all);
  expect(new Set(few.map(({ benchCase }) => benchCase))).toEqual(new Set(cases));
  expect(new Set(few.map(({ peer }) => peer))).toEqual(new Set(peers));
  expect(few.length).toBeLessThan(peers.length + cases.length);
});

test("memory is measured of what was built, also a peer's; a smoke run needs no build", () => {
  const all = allQuestions(cases, peers);
  const built = all.filter((question) => needsBuild(question, "full"));
  expect(new Set(built.map(({ benchCase }) => benchCase.name))).toEqual(new Set(["worker-memory", "install"]));
  expect(built.map(({ peer }) => peer.name)).toContain("bullmq");
  expect(all.filter((question) => isQuick(question) && needsBuild(question, "quick"))).toEqual([]);
});
