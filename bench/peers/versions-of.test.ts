import { expect, test } from "vitest";
import { findPeer, peers } from "./peers.ts";
import { versionsOf } from "./versions-of.ts";

test("what peers are made of has its version, each once, and ours is left out", async () => {
  const versions = await versionsOf(["bullmq", "bullmq-defaults", "lovage-redis", "bee-queue"].map(findPeer));
  expect(Object.keys(versions)).toEqual(["bee-queue", "bullmq", "ioredis"]);
  expect(Object.values(versions).filter((version) => !/^\d+\.\d+\.\d+/u.test(version))).toEqual([]);
});

test("what is not from npm tells its own", async () => {
  const python = { ...findPeer("raw-sqlite"), versions: async () => await Promise.resolve({ Celery: "5.5.0" }) };
  expect(await versionsOf([python])).toEqual({ Celery: "5.5.0" });
});

test("every peer has a version, but for the bare stores of Node", () => {
  const without = peers.filter(({ packages, versions }) => packages.length === 0 && versions === undefined);
  expect(without.map(({ name }) => name)).toEqual(["raw-sqlite", "raw-memory"]);
});
