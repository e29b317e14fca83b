import { EventEmitter } from "node:events";

import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, test, vi } from "vitest";

import { postgresTarget, type ReadyPool } from "./postgres-options.ts";
import { SessionPool } from "./session-pool.ts";
import { defineStatement } from "./statement.ts";

test("who waits for a free connection is told of the end at once, and what comes too late goes back", async () => {
  const free = Promise.withResolvers<{ release: () => void }>();
  const pool = { connect: () => free.promise, totalCount: 3, idleCount: 0, options: { max: 3 } };
  const target = postgresTarget("postgres://localhost", { pool: pool as unknown as ReadyPool });
  const sessions = new SessionPool({ target, clock: virtualClock(), log: silentLog, name: "test", where: "here" });
  const waiting = sessions.query(defineStatement("SELECT 1"));
  const outcome = waiting.catch((error: unknown) => error);
  await sessions.close();
  const soon = new Promise((resolve) => setImmediate(resolve));
  expect(await Promise.race([outcome, soon])).toMatchObject({ code: "POSTGRES_FAILED", kind: "unavailable" });
  const release = vi.fn<() => void>();
  free.resolve({ release });
  await vi.waitUntil(() => release.mock.calls.length === 1, { timeout: 1_000 });
});

/** A pool of the user's. Its clients have no listener while they are lent, as with `pg`, and run what they are told. */
function sessionsOf(query: (client: EventEmitter, text: string) => Promise<object>, max = 3) {
  const clients: EventEmitter[] = [];
  const release = vi.fn<(isOver: boolean) => void>();
  const connect = async (): Promise<EventEmitter> => {
    const client: EventEmitter = Object.assign(new EventEmitter(), {
      query: ({ text }: { text: string }) => query(client, text),
      release,
    });
    clients.push(client);
    return client;
  };
  const pool = { connect, totalCount: 0, idleCount: 0, options: { max } } as unknown as ReadyPool;
  const target = postgresTarget("postgres://localhost", { pool });
  const sessions = new SessionPool({ target, clock: virtualClock(), log: silentLog, name: "test", where: "here" });
  return { sessions, clients, release };
}

test("a connection of the user's pool that ends under a statement ends nothing else", async () => {
  const heard: number[] = [];
  const { sessions, clients } = sessionsOf(async (client) => {
    // An error that nobody hears ends the process: it comes from a socket.
    heard.push(client.listenerCount("error"));
    throw new Error("Connection terminated unexpectedly");
  });
  await expect(sessions.query(defineStatement("SELECT 1"))).rejects.toMatchObject({ kind: "broken" });
  expect(heard).toEqual([1]);
  expect(clients.map((client) => client.listenerCount("error"))).toEqual([0]);
});

test("a connection that may lead to a standby is not used again", async () => {
  const refusal = Object.assign(new Error("cannot execute INSERT in a read-only transaction"), { code: "25006" });
  const { sessions, release } = sessionsOf(async (_, text) => {
    if (text !== "INSERT") return { rows: [] };
    throw refusal;
  });
  const insert = defineStatement("INSERT");
  await expect(sessions.query(insert)).rejects.toMatchObject({ kind: "unavailable" });
  await expect(sessions.transactOnce(() => Promise.reject(refusal))).rejects.toBe(refusal);
  await sessions.query(defineStatement("SELECT 1"));
  expect(release.mock.calls).toEqual([[true], [true], [false]]);
});
