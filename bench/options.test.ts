import { expect, test } from "vitest";
import { readOptions, usage } from "./options.ts";
import { chosenQuestions, groupOf } from "./plan.ts";

test("nothing said is everything, three runs of it, and nothing kept", () => {
  expect(readOptions([])).toMatchObject({ scale: "full", runs: 3, groups: [], write: false, page: false, json: false });
});

test("groups are a case on a store", () => {
  const options = readOptions(["--group", "drain-1@redis", "--group", "install@sqs", "--write", "--runs", "7"]);
  expect(new Set(chosenQuestions(options).map((question) => groupOf(question)))).toEqual(
    new Set(["drain-1@redis", "install@sqs"]),
  );
  expect(options).toMatchObject({ write: true, runs: 7 });
});

test("cases, stores and peers narrow each other", () => {
  const options = readOptions(["--case", "drain-1", "--case", "drain-4", "--store", "redis"]);
  expect(new Set(chosenQuestions(options).map((question) => groupOf(question)))).toEqual(
    new Set(["drain-1@redis", "drain-4@redis"]),
  );
  const two = readOptions(["--group", "drain-1@redis", "--peer", "bullmq", "--peer", "lovage-redis"]);
  expect(chosenQuestions(two).map(({ peer }) => peer.name)).toEqual(["bullmq", "lovage-redis"]);
});

test.each([
  [["--group", "drain-1"], "There is no group drain-1; there are enqueue-single@sqlite,"],
  [["--group", "schedule@sqs"], "There is no group schedule@sqs"],
  [["--quick", "--write"], "--write keeps figures: not with --quick"],
  [["--smoke", "--write"], "--write keeps figures"],
  [["--profile", "somewhere", "--write"], "--write keeps figures"],
  [["--store", "kafka"], "There is no store kafka"],
  [["--runs", "0"], "--runs must be a whole number"],
  [["--redis", "maybe"], "--redis must be one of"],
])("refuses %j", (args, reason) => {
  expect(() => readOptions(args)).toThrow(reason);
});

test("help names every option", () => {
  for (const option of ["--group", "--case", "--peer", "--store", "--write", "--page", "--runs"])
    expect(usage).toContain(option);
});
