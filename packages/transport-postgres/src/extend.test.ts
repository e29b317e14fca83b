import { PostgresError, type PostgresRows, type PostgresSession } from "@lovage/client-postgres";
import { expect, test } from "vitest";

import { asTransport } from "./errors.ts";
import { extendLeases } from "./extend.ts";
import { transportStatements } from "./statements.ts";

const leases = [
  { id: 2, fence: 20 },
  { id: 1, fence: 10 },
];

/** What becomes of two leases when the server gives these answers; and which ids it was asked for. */
async function extended(...answers: readonly PostgresRows[]) {
  const asked: unknown[] = [];
  const query: PostgresSession["query"] = async (_statement, [ids] = []) => {
    asked.push(ids);
    return answers[asked.length - 1] ?? [];
  };
  const outcome = await extendLeases({ query }, transportStatements("s"), { leases, leaseMs: 30_000 });
  return { outcome, asked };
}

test("what is prolonged is asked for once", async () => {
  expect(await extended([])).toEqual({ outcome: null, asked: ["{1,2}"] });
});

test("what was locked is asked for once more: it may have been another renewal that was in the way", async () => {
  expect(await extended([["2", "f"]], [])).toEqual({ outcome: null, asked: ["{1,2}", "{2}"] });
});

test("what stays locked is left, and what is gone is lost, also when that is seen later", async () => {
  const [one, two] = [leases[1], leases[0]];
  const first = await extended(
    [
      ["1", "t"],
      ["2", "f"],
    ],
    [["1", "f"]],
  );
  expect(first.outcome).toEqual({ lost: [one], left: [two] });
  const second = await extended([["2", "f"]], [["1", "t"]]);
  expect(second.outcome).toEqual({ lost: [two], left: [] });
});

const cutOff: PostgresSession = {
  query: async () => {
    throw new PostgresError("Connection terminated unexpectedly.", { kind: "broken" });
  },
};

test("what is not answered in time, behind a lock, is put off: the connections for all else are sound", async () => {
  const extending = asTransport(() => extendLeases(cutOff, transportStatements("s"), { leases, leaseMs: 3_000 }));
  await expect(extending).rejects.toMatchObject({ code: "TRANSPORT_BUSY" });
});
