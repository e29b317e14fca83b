import { DatabaseSync } from "node:sqlite";

import { virtualClock } from "@lovage/foundation";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { afterTransaction } from "./publish.ts";
import { openBeside } from "./test-support/open-beside.ts";
import { idsOf, message, newPath, openStore, take } from "./test-support/open-store.ts";
import type { CallerTransaction } from "./transaction.ts";

describe("the caller's transaction", () => {
  it("makes messages appear with its commit, and wakes sleepers soon after", async () => {
    const { store, path, woken } = await openStore();
    await take(store);
    const mine = openBeside(path);
    mine.exec("CREATE TABLE orders (id); BEGIN IMMEDIATE; INSERT INTO orders VALUES (1)");
    await store.publish([message("a")], mine);
    expect(await take(store)).toEqual([]);
    mine.exec("COMMIT");
    await vi.waitFor(() => expect(woken).toContain("q"), { timeout: 20_000 });
    expect(idsOf(await take(store))).toEqual(["a"]);
  });

  it.each([{ readBigInts: true }, { returnArrays: true }])(
    "keeps priority and key of messages when the caller's connection reads with %o",
    async (reading) => {
      const { store, path } = await openStore();
      const mine = openBeside(path, reading);
      mine.exec("BEGIN IMMEDIATE");
      const messages = [message("low"), message("high", { priority: 9, key: "k" }), message("new", { to: "made" })];
      await store.publish(messages, mine);
      mine.exec("COMMIT");
      const rows = openBeside(path).prepare("SELECT urgency, key FROM lovage_messages ORDER BY id").all();
      expect(rows).toEqual([
        { urgency: 9, key: "" },
        { urgency: 0, key: "k" },
        { urgency: 9, key: "" },
      ]);
    },
  );

  it("is not watched for longer than a minute", async () => {
    const clock = virtualClock();
    let looks = 0;
    let ends = 0;
    const caller = { isOpen: () => (looks += 1) > 0 } as CallerTransaction;
    afterTransaction(caller, clock, () => (ends += 1));
    await clock.advance(61_000);
    const seen = looks;
    await clock.advance(600_000);
    expect([ends, looks]).toEqual([1, seen]);
  });

  it("tells as the contract does that another program writes", async () => {
    const { store, path } = await openStore();
    openBeside(path).exec("BEGIN IMMEDIATE");
    const mine = openBeside(path);
    mine.exec("BEGIN");
    await expect(store.publish([message("a")], mine)).rejects.toMatchObject({
      code: "TRANSPORT_UNAVAILABLE",
      retryable: true,
    });
  });

  it("tells as the contract does that the disk is full", async () => {
    const { store, path } = await openStore();
    const mine = openBeside(path);
    mine.exec("PRAGMA max_page_count = 1; BEGIN IMMEDIATE");
    const large = message("a", { body: Buffer.alloc(200_000) });
    await expect(store.publish([large], mine)).rejects.toMatchObject({ code: "STORAGE_FULL", retryable: true });
  });

  it.each([
    [
      "another file",
      (): unknown => {
        const database = new DatabaseSync(newPath());
        database.exec("BEGIN");
        onTestFinished(() => database.close());
        return database;
      },
    ],
    ["no open transaction", (): unknown => openBeside(newPath())],
    ["a string", (): unknown => "BEGIN"],
    ["an object of another shape", (): unknown => ({ query: () => {} })],
  ])("refuses %s and writes nothing", async (_, make) => {
    const { store } = await openStore();
    await expect(store.publish([message("a")], make())).rejects.toMatchObject({ code: "TRANSACTION_UNSUPPORTED" });
    expect(await take(store)).toEqual([]);
  });
});
