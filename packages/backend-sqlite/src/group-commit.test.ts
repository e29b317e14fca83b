import { openSqlite, type SqliteClient } from "@lovage/client-sqlite";
import { hasCode, silentLog, systemClock } from "@lovage/foundation";
import { afterEach, beforeEach, expect, it } from "vitest";
import { GroupCommit } from "./group-commit.ts";
import { temporaryFile } from "./test-support/temporary-file.ts";

const file = temporaryFile();
let client: SqliteClient;
let group: GroupCommit;
let transactions: number;

beforeEach(async () => {
  client = await openSqlite({ path: file.path, clock: systemClock, log: silentLog });
  client.durable.exec("CREATE TABLE note (text TEXT NOT NULL)");
  transactions = 0;
  const { durable } = client;
  const write = durable.write.bind(durable);
  durable.write = (work, options) => {
    transactions += 1;
    return write(work, options);
  };
  group = new GroupCommit(durable);
});

afterEach(async () => {
  client.close();
  await file.remove();
});

function note(text: string | null): Promise<unknown> {
  return group.run(() => client.durable.statement("INSERT INTO note VALUES (?)").run(text).changes);
}

function notes(): unknown[] {
  return client.relaxed
    .statement("SELECT text FROM note ORDER BY rowid")
    .all()
    .map((row) => row["text"]);
}

it("commits a lone call before it returns", async () => {
  const noted = note("a");
  expect(notes()).toEqual(["a"]);
  expect(await noted).toBe(1);
});

it("commits calls that are made while one is under way together, in their order", async () => {
  await Promise.all(Array.from({ length: 100 }, (_, index) => note(String(index))));
  expect(transactions).toBe(2);
  expect(notes()).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
});

it("refuses the call that is at fault and commits its neighbours", async () => {
  const ends = await Promise.allSettled([note("a"), note("b"), note(null), note("c")]);
  expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  expect(notes()).toEqual(["a", "b", "c"]);
});

it("bounds how many calls one transaction holds", async () => {
  await Promise.all(Array.from({ length: 1201 }, (_, index) => note(String(index))));
  expect(transactions).toBe(4);
});

it("refuses with CLOSED what is still waiting for the lock when it is closed", async () => {
  const other = await openSqlite({ path: file.path, clock: systemClock, log: silentLog });
  other.durable.exec("BEGIN IMMEDIATE");
  const waiting = [note("a"), note("b")];
  client.close();
  for (const end of await Promise.allSettled(waiting)) {
    expect(end.status === "rejected" && hasCode(end.reason, "CLOSED")).toBe(true);
  }
  other.close();
});
