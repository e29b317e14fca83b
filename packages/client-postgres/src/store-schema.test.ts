import type { SchemaVersions, StoreSchema } from "@lovage/foundation";
import { expect, test } from "vitest";

import type { PostgresClient } from "./postgres-client.ts";
import type { SchemaComponent } from "./schema.ts";
import { storeSchema } from "./store-schema.ts";

const component: SchemaComponent = {
  name: "transport",
  steps: [1, 2, 3].map((version) => ({
    version,
    compatible: 1,
    statements: () => [`forth ${version}`],
    undo: () => [`back ${version}`],
  })),
};

/** The tables of a database in which they have a version. */
function schemaAt(version: number): StoreSchema {
  const query = async ({ text }: { readonly text: string }): Promise<string[][]> =>
    text.includes("pg_class") ? [["t"]] : [[String(version), "1"]];
  const client = { schema: "s", query } as unknown as PostgresClient;
  return storeSchema({ component, client: () => client, translate: (work) => work() });
}

const planned = async (version: number, to?: SchemaVersions): Promise<readonly unknown[]> => {
  const plan = await schemaAt(version).plan(to);
  return [plan.from, plan.to, ...plan.statements.slice(0, -1)];
};

test("tables go to the version of this release, or to the one that is named, forth and back; others stay", async () => {
  expect(await planned(2)).toEqual([2, 3, "forth 3"]);
  expect(await planned(3, { transport: 1 })).toEqual([3, 1, "back 3", "back 2"]);
  expect(await planned(1, { backend: 9, transport: 2 })).toEqual([1, 2, "forth 2"]);
  expect(await planned(2, { backend: 1 })).toEqual([2, 2]);
});

test.each([0, 4])("version %i, which this release does not know, is refused", async (transport) => {
  await expect(schemaAt(2).plan({ transport })).rejects.toMatchObject({
    code: "SCHEMA_VERSION",
    message: expect.stringContaining(`knows versions 1 to 3 of the tables of transport, not ${transport}`) as string,
  });
});
