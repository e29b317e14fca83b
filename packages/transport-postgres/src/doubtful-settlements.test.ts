import { expect, test } from "vitest";

import { DoubtfulSettlements } from "./doubtful-settlements.ts";

const ack = { kind: "ack", lease: { id: 1, fence: 5 } } as const;
const release = { kind: "release", lease: { id: 1, fence: 5 }, delayMs: 0 } as const;

test("what was never in doubt and is not held is lost", () => {
  const lost = [{ settlement: ack, fence: undefined }];
  expect(new DoubtfulSettlements().sift([ack], lost)).toEqual(lost);
});

test("an acknowledgement in doubt whose message is gone was done; it is in doubt once", () => {
  const doubtful = new DoubtfulSettlements();
  doubtful.add([ack]);
  const notHeld = [{ settlement: ack, fence: undefined }];
  expect(doubtful.sift([ack], notHeld)).toEqual([]);
  expect(doubtful.sift([ack], notHeld)).toEqual(notHeld);
});

test("an acknowledgement in doubt whose message somebody else has is lost", () => {
  const doubtful = new DoubtfulSettlements();
  doubtful.add([ack]);
  const notHeld = [{ settlement: ack, fence: 6 }];
  expect(doubtful.sift([ack], notHeld)).toEqual(notHeld);
});

test("a release in doubt was done when the fence has grown, and not when a sweep took the message back", () => {
  const doubtful = new DoubtfulSettlements();
  doubtful.add([release]);
  expect(doubtful.sift([release], [{ settlement: release, fence: 6 }])).toEqual([]);
  doubtful.add([release]);
  const swept = [{ settlement: release, fence: 5 }];
  expect(doubtful.sift([release], swept)).toEqual(swept);
});

test("a doubt about another delivery of the message is none about this one", () => {
  const doubtful = new DoubtfulSettlements();
  doubtful.add([{ ...ack, lease: { id: 1, fence: 4 } }]);
  const notHeld = [{ settlement: ack, fence: undefined }];
  expect(doubtful.sift([ack], notHeld)).toEqual(notHeld);
});

test("doubts are bounded", () => {
  const doubtful = new DoubtfulSettlements();
  const many = Array.from({ length: 12_000 }, (_, id) => ({ kind: "ack", lease: { id, fence: 1 } }) as const);
  doubtful.add(many);
  const [first, last] = [many[0]!, many.at(-1)!];
  const notHeld = [first, last].map((settlement) => ({ settlement, fence: undefined }));
  expect(doubtful.sift([first, last], notHeld)).toEqual([{ settlement: first, fence: undefined }]);
});
