import { expect, test } from "vitest";

import { PostgresError } from "./postgres-error.ts";
import { postgresErrorsAs } from "./postgres-errors-as.ts";

class Unavailable extends Error {}
class Busy extends Error {}
class Rejected extends Error {}
class Full extends Error {}
class Uncertain extends Error {}

const { opening, repeatable, once } = postgresErrorsAs({
  unavailable: Unavailable,
  busy: Busy,
  rejected: Rejected,
  full: Full,
  uncertain: Uncertain,
});

const fail = (kind: PostgresError["kind"], sqlState?: string) => (): never => {
  throw new PostgresError("no", { kind, sqlState });
};

test.each(["28P01", "28000", "3D000", undefined])(
  "a connection that is refused (%s) is fatal when it is opened, and later one that cannot be had now",
  async (sqlState) => {
    const refused = fail("denied", sqlState);
    await expect(opening(refused)).rejects.toBeInstanceOf(Rejected);
    await expect(repeatable(refused)).rejects.toBeInstanceOf(Unavailable);
    await expect(once(refused)).rejects.toBeInstanceOf(Unavailable);
  },
);

test("a statement that the role may not run is refused at any time", async () => {
  for (const run of [opening, repeatable, once])
    await expect(run(fail("denied", "42501"))).rejects.toBeInstanceOf(Rejected);
});

test("only work that must not be done twice is uncertain when the connection breaks", async () => {
  await expect(repeatable(fail("broken"))).rejects.toBeInstanceOf(Unavailable);
  await expect(once(fail("broken"))).rejects.toBeInstanceOf(Uncertain);
  await expect(once(fail("full"))).rejects.toBeInstanceOf(Full);
});

test.each(["timeout", "conflict"] as const)(
  "a statement that ended by a %s on a sound connection is put off, whatever it was; a connection that is being opened is not to be had",
  async (kind) => {
    await expect(repeatable(fail(kind))).rejects.toBeInstanceOf(Busy);
    await expect(once(fail(kind))).rejects.toBeInstanceOf(Busy);
    await expect(opening(fail(kind))).rejects.toBeInstanceOf(Unavailable);
  },
);
