import { expect, test } from "vitest";
import type { LedgerEntry } from "../ledger/ledger-entry.ts";
import { SoakBook } from "./soak-book.ts";

const accepted = (taskId: string, atMs = 0): LedgerEntry => ({ kind: "accepted", taskId, pid: 1, atMs });
const entry = (kind: "started" | "finished", taskId: string, atMs = 0): LedgerEntry => {
  return { kind, taskId, atMs, pid: 2, count: 1, retries: 0, token: "x" };
};

test("what was accepted and has not finished is open, in whatever order that is heard", () => {
  const book = new SoakBook();
  book.add([accepted("a"), entry("started", "a"), entry("started", "b"), entry("finished", "b")]);
  expect(book.open).toEqual(["a"]);
  book.add([accepted("b"), accepted("c"), entry("finished", "a")]);
  expect(book.open).toEqual(["c"]);
  expect(book.accepted).toBe(3);
});

test("a second run is doubled, and was interrupted unless the first had finished", () => {
  const book = new SoakBook();
  book.add([accepted("a"), entry("started", "a"), entry("started", "a"), entry("finished", "a")]);
  expect(book).toMatchObject({ doubled: 1, interrupted: 1 });
  book.add([accepted("b"), entry("started", "b"), entry("finished", "b"), entry("started", "b")]);
  expect(book).toMatchObject({ doubled: 2, interrupted: 1 });
});

test("what ended long ago is forgotten, what is open never", () => {
  const book = new SoakBook();
  book.add([accepted("a"), entry("started", "a"), entry("finished", "a"), accepted("b")]);
  book.add([accepted("c", 1_000_000)]);
  book.add([entry("started", "a", 1_000_001)]);
  expect(book.doubled).toBe(0);
  expect(book.open).toEqual(["b", "c"]);
});
