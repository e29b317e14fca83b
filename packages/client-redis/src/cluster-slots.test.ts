import { expect, test } from "vitest";

import { ClusterSlots } from "./cluster-slots.ts";

const told = { host: "seed", port: 7000 };
const node = (host: string | null, port: number): unknown[] => [
  host === null ? null : Buffer.from(host),
  port,
  Buffer.from("id"),
];

test("each slot has its primary; replicas, and slots that nobody serves, are passed over", () => {
  const slots = new ClusterSlots(
    [
      [0, 8_000, node("one", 7000), node("copy", 7003)],
      [8_001, 16_000, node("two", 7001)],
    ],
    told,
  );
  expect(slots.primaries).toEqual([
    { host: "one", port: 7000 },
    { host: "two", port: 7001 },
  ]);
  expect(slots.ownerOf("{user1000}.following")).toEqual({ host: "one", port: 7000 });
  expect(slots.ownerOf("123456789")).toEqual({ host: "two", port: 7001 });
  // Its slot is 16 287 (`CLUSTER KEYSLOT`).
  expect(slots.ownerOf("x")).toBeUndefined();
});

test.each([null, "", "?"])("a node that calls its host %j is where it was asked", (host) => {
  const slots = new ClusterSlots([[0, 16_383, node(host, 7005)]], told);
  expect(slots.ownerOf("a")).toEqual({ host: "seed", port: 7005 });
});

test("a slot that has moved has another owner, and others keep theirs", () => {
  const slots = new ClusterSlots([[0, 16_383, node("one", 7000)]], told);
  slots.move("{a}1", { host: "two", port: 7001 });
  expect(slots.ownerOf("{a}2")).toEqual({ host: "two", port: 7001 });
  expect(slots.ownerOf("b")).toEqual({ host: "one", port: 7000 });
  expect(slots.primaries).toHaveLength(2);
});

test("an answer of another shape is refused", () => {
  expect(() => new ClusterSlots("OK", told)).toThrow(TypeError);
});
