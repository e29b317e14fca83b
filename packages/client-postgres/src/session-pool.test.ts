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
  await vi.waitUntil(() => release.mock.calls.length === 1, { timeout: 20_000 });
});

test("who stands behind others in the line of a pool with few that are idle is told after a while that none has become free", async () => {
  const pool = {
    connect: () => new Promise(() => {}),
    totalCount: 3,
    idleCount: 1,
    waitingCount: 3,
    options: { max: 3 },
  };
  const target = postgresTarget("postgres://localhost", { pool: pool as unknown as ReadyPool });
  const clock = virtualClock();
  const sessions = new SessionPool({ target, clock, log: silentLog, name: "test", where: "here" });
  const outcome = sessions.query(defineStatement("SELECT 1")).catch((error: unknown) => error);
  await clock.advance(20_000);
  const soon = new Promise((resolve) => setImmediate(resolve));
  expect(await Promise.race([outcome, soon])).toMatchObject({ code: "POSTGRES_FAILED", kind: "unavailable" });
});

test("a silent server ends a session of the user's pool that has no socket of its own, as those of libpq's binding", async () => {
  const end = vi.fn<() => Promise<void>>(async () => {});
  const client = Object.assign(new EventEmitter(), { query: () => new Promise(() => {}), release: () => {}, end });
  const pool = { connect: async () => client, totalCount: 3, idleCount: 0, waitingCount: 0, options: { max: 3 } };
  const target = postgresTarget("postgres://localhost", { pool: pool as unknown as ReadyPool });
  const clock = virtualClock();
  const sessions = new SessionPool({ target, clock, log: silentLog, name: "test", where: "here" });
  void sessions.query(defineStatement("SELECT 1")).catch(() => {});
  await clock.advance(20_000);
  expect(end).toHaveBeenCalledOnce();
});

test.each(["BEGIN", "COMMIT", "ROLLBACK"])(
  "a silent server does not hold a transaction at its %s for ever",
  async (stuck) => {
    const end = vi.fn<() => Promise<void>>(async () => {});
    const query = ({ text }: { text: string }): Promise<object> =>
      text === stuck ? new Promise(() => {}) : Promise.resolve({ rows: [] });
    const client = Object.assign(new EventEmitter(), { query, release: () => {}, end });
    const pool = { connect: async () => client, totalCount: 3, idleCount: 1, waitingCount: 0, options: { max: 3 } };
    const target = postgresTarget("postgres://localhost", { pool: pool as unknown as ReadyPool });
    const clock = virtualClock();
    const sessions = new SessionPool({ target, clock, log: silentLog, name: "test", where: "here" });
    const work = stuck === "ROLLBACK" ? (): never => fail() : async (): Promise<void> => {};
    void sessions.transactOnce(async () => work()).catch(() => {});
    await clock.advance(60_000);
    expect(end).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
  },
);

function fail(): never {
  throw new Error("The work has failed.");
}

test("when the server has fallen silent what goes on in the user's pool ends as well", async () => {
  const end = vi.fn<() => Promise<void>>(async () => {});
  const client = Object.assign(new EventEmitter(), { query: async () => ({ rows: [] }), release: () => {}, end });
  const pool = { connect: async () => client, totalCount: 3, idleCount: 1, waitingCount: 0, options: { max: 3 } };
  const target = postgresTarget("postgres://localhost", { pool: pool as unknown as ReadyPool });
  const sessions = new SessionPool({ target, clock: virtualClock(), log: silentLog, name: "test", where: "here" });
  const done = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const work = sessions.transactOnce(async () => {
    begun.resolve();
    await done.promise;
  });
  await begun.promise;
  sessions.cut();
  expect(end).toHaveBeenCalledOnce();
  done.resolve();
  await work;
  sessions.cut();
  expect(end).toHaveBeenCalledOnce();
});

/** A pool of the user's. Its clients have no listener while they are lent, as with `pg`, and run what they are told. */
function sessionsOf(query: (client: EventEmitter, text: string) => Promise<object>, max = 3) {
  const clients: EventEmitter[] = [];
  const free = { count: max };
  const waiting: (() => void)[] = [];
  const release = vi.fn<(isOver?: boolean) => void>(() => {
    free.count += 1;
    waiting.shift()?.();
  });
  const connect = async (): Promise<EventEmitter> => {
    while (free.count === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    free.count -= 1;
    const client: EventEmitter = Object.assign(new EventEmitter(), {
      query: ({ text }: { text: string }) => query(client, text),
      end: async () => {},
      release,
    });
    clients.push(client);
    return client;
  };
  const pool = { connect, totalCount: 0, idleCount: 0, options: { max } } as unknown as ReadyPool;
  const target = postgresTarget("postgres://localhost", { pool });
  const clock = virtualClock();
  const open = (): SessionPool => new SessionPool({ target, clock, log: silentLog, name: "test", where: "here" });
  return { sessions: open(), open, clients, release, clock };
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

test("a transaction whose connection is gone at its BEGIN has written nothing, whatever became of the answer", async () => {
  const { sessions } = sessionsOf(async () => {
    throw new Error("Connection terminated unexpectedly");
  });
  await expect(sessions.transactOnce(async () => {})).rejects.toMatchObject({ kind: "unavailable" });
  await expect(sessions.transaction(async () => {})).rejects.toMatchObject({ kind: "unavailable" });
});

test("work of the user's that meets a standby has met a server that is away", async () => {
  const refusal = Object.assign(new Error("cannot execute INSERT in a read-only transaction"), { code: "25006" });
  const { sessions, release } = sessionsOf(async (_, text) => ({
    rows: text.includes("pg_is_in_recovery") ? [["true"]] : [],
  }));
  await expect(sessions.transactOnce(() => Promise.reject(refusal))).rejects.toMatchObject({ kind: "unavailable" });
  expect(release.mock.calls).toEqual([[true]]);
});

test("transactions of the user's leave their pool a connection for statements, which they may wait for themselves", async () => {
  const { sessions } = sessionsOf(async () => ({ rows: [] }));
  // For notifications.
  await sessions.lend();
  const work = (): Promise<unknown> => sessions.query(defineStatement("INSERT"));
  const all = Promise.all([sessions.transactOnce(work), sessions.transactOnce(work)]);
  await expect(all).resolves.toEqual([[], []]);
});

/** Work of the user's that does not end by itself, and how often it has begun. */
function hangingWork() {
  const begun = { count: 0 };
  const hang = (): Promise<never> => {
    begun.count += 1;
    return new Promise(() => {});
  };
  return { begun, hang };
}

test("whoever shares the user's pool counts, until its end", async () => {
  const { sessions, open } = sessionsOf(async () => ({ rows: [] }), 4);
  const other = open();
  const { begun, hang } = hangingWork();
  for (const session of [sessions, other, sessions]) session.transactOnce(hang).catch(() => {});
  await vi.waitUntil(() => begun.count === 1, { timeout: 20_000 });
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun.count).toBe(1);
  await other.close();
  await vi.waitUntil(() => begun.count === 2, { timeout: 20_000 });
});

test("who waits in line is told of the end", async () => {
  const { sessions } = sessionsOf(async () => ({ rows: [] }));
  const { begun, hang } = hangingWork();
  sessions.transactOnce(hang).catch(() => {});
  const waiting = sessions.transactOnce(hang).catch((error: unknown) => error);
  await vi.waitUntil(() => begun.count === 1, { timeout: 20_000 });
  await sessions.close();
  expect(await waiting).toMatchObject({ kind: "unavailable" });
  await expect(sessions.transactOnce(hang)).rejects.toMatchObject({ kind: "unavailable" });
});

test("a pool of the user's that has no connection free is waited for, but not for ever", async () => {
  const { sessions, release, clock } = sessionsOf(async () => ({ rows: [] }), 3);
  const all = await Promise.all([sessions.lend(), sessions.lend(), sessions.lend()]);
  const waiting = sessions.query(defineStatement("SELECT 1")).catch((error: unknown) => error);
  await clock.advance(15_000);
  expect(await waiting).toMatchObject({ kind: "unavailable", retryable: true });
  all[0].release();
  // What comes too late goes back.
  await vi.waitUntil(() => release.mock.calls.length === 2, { timeout: 20_000 });
});
