import { RedisError, type RedisConnection, type RedisErrorKind } from "@lovage/client-redis";
import { expect, test } from "vitest";

import { Keys } from "./keys.ts";
import { enlistDeclared, type Server } from "./server.ts";

/** A server whose list of queues can fail, and what was entered in it. */
function listOf({ isCluster }: { readonly isCluster: boolean }) {
  const list = { kind: undefined as RedisErrorKind | undefined, entered: [] as unknown[] };
  const connection = {
    run: async (_script: unknown, _keys: unknown, names: readonly unknown[]) => {
      if (list.kind !== undefined) throw new RedisError("no", { kind: list.kind });
      list.entered.push(...names);
    },
  };
  const server = {
    keys: new Keys("lovage"),
    isCluster,
    enlisted: new Set(),
    connection: () => connection as unknown as RedisConnection,
  } as unknown as Server;
  return { list, server };
}

test("a queue is declared though the list of queues is on a node that is away, and entered when it is declared anew", async () => {
  const { list, server } = listOf({ isCluster: true });
  list.kind = "away";
  await enlistDeclared(server, ["a"]);
  expect(list.entered).toEqual([]);
  list.kind = undefined;
  await enlistDeclared(server, ["a", "b"]);
  expect(list.entered).toEqual(["a", "b"]);
  // In the list by now, it waits for it no more.
  list.kind = "broken";
  await enlistDeclared(server, ["a", "b"]);
});

test.each([
  [true, "unavailable"],
  [true, "full"],
  [false, "unavailable"],
] as const)("in a cluster: %j; no queue is declared while its server is %s", async (isCluster, kind) => {
  const { list, server } = listOf({ isCluster });
  list.kind = kind;
  await expect(enlistDeclared(server, ["a"])).rejects.toMatchObject({ kind });
  expect(server.enlisted.size).toBe(0);
});
