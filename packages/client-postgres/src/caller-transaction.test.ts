import { expect, test } from "vitest";

import { callerTransaction } from "./caller-transaction.ts";
import { defineStatement } from "./statement.ts";

const statement = defineStatement("SELECT 1");
const settings = { where: "the database", refuse: (reason: string) => new Error(`refused: ${reason}`) };

/** What a call in a transaction throws whose server answers with an error. */
async function thrownFor(answer: Error, isOfPg: boolean): Promise<unknown> {
  const query = (): Promise<never> => Promise.reject(answer);
  const transaction = isOfPg ? { query, getTransactionStatus: () => "T" } : { query };
  return await callerTransaction(transaction, settings)(statement, []).catch((thrown: unknown) => thrown);
}

test.each(["40001", "40P01", "55P03"])(
  "a conflict (%s) is the server's own error, with a client of pg as with a library",
  async (code) => {
    const error = Object.assign(new Error("could not serialize access"), { code });
    expect(await thrownFor(error, true)).toBe(error);
    expect(await thrownFor(error, false)).toBe(error);
  },
);

test("other failures of a client of pg are told by kind", async () => {
  const full = Object.assign(new Error("no space left"), { code: "53100" });
  expect(await thrownFor(full, true)).toMatchObject({ code: "POSTGRES_FAILED", kind: "full", cause: full });
});

test("a transaction that has failed, or is elsewhere, is refused", async () => {
  const failed = Object.assign(new Error("current transaction is aborted"), { code: "25P02" });
  expect(String(await thrownFor(failed, true))).toContain("refused: the transaction of the client");
  const elsewhere = Object.assign(new Error("no such function"), { code: "42883" });
  for (const isOfPg of [true, false])
    expect(String(await thrownFor(elsewhere, isOfPg))).toContain("refused: the transaction given");
});
