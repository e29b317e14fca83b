import { EventEmitter } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

import { silentLog, systemClock, virtualClock } from "@lovage/foundation";
import { expect, onTestFinished, test, vi } from "vitest";

import { PostgresClient } from "./postgres-client.ts";
import { postgresTarget, type ReadyPool } from "./postgres-options.ts";

test("a server that takes the connection and says nothing cannot be reached: it is tried again, and no fault of the user's", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const target = postgresTarget(`postgres://user@127.0.0.1:${(server.address() as AddressInfo).port}/db`, {});
  const opening = PostgresClient.open({ target, clock: systemClock, log: silentLog, name: "test", onLost: () => {} });
  const refused = opening.catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await refused).toMatchObject({ code: "POSTGRES_FAILED", kind: "unavailable", retryable: true });
});

/** A session of a pool, which ends at its first statement unless it is sound. */
class Session extends EventEmitter {
  readonly processID = 7;
  readonly #isSound: boolean;
  readonly #isStandby: boolean;

  constructor(isSound: boolean, isStandby = false) {
    super();
    this.#isSound = isSound;
    this.#isStandby = isStandby;
  }

  async query(): Promise<object> {
    if (this.#isSound) return { rows: [{ pid: 7, standby: String(this.#isStandby) }] };
    this.emit("end");
    throw new Error("Connection terminated unexpectedly");
  }

  release(): void {}
}

function pooled(sessions: Session[]) {
  const pool = { connect: async () => sessions.shift(), totalCount: 0, options: { max: 3 } } as unknown as ReadyPool;
  const lost = vi.fn<() => void>();
  const target = postgresTarget("postgres://localhost", { pool });
  return { lost, opening: { target, clock: virtualClock(), log: silentLog, name: "test", onLost: lost } };
}

test("a database that cannot store every character is warned of, once", async () => {
  const sessions = [new Session(true), new Session(true)];
  for (const session of sessions) {
    const query = session.query.bind(session);
    vi.spyOn(session, "query").mockImplementation(async () => {
      const {
        rows: [row],
      } = (await query()) as { rows: object[] };
      return { rows: [{ ...row, encoding: "LATIN1" }] };
    });
  }
  const [first] = sessions;
  const { opening } = pooled(sessions);
  const warn = vi.fn<(text: string) => void>();
  const client = await PostgresClient.open({ ...opening, log: { ...silentLog, warn } });
  first?.emit("end");
  await client.revive();
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("LATIN1"));
  await client.close();
});

test("a way back that fails is told to the caller alone: told as a loss as well, it would be sought twice from then on", async () => {
  const first = new Session(true);
  const { lost, opening } = pooled([first, new Session(false)]);
  const client = await PostgresClient.open(opening);
  first.emit("end");
  expect(lost).toHaveBeenCalledTimes(1);
  await expect(client.revive()).rejects.toMatchObject({ kind: "broken" });
  expect(lost).toHaveBeenCalledTimes(1);
  await client.close();
});

test("a connection that comes after the end is given back to the user's pool", async () => {
  const [first, late] = [new Session(true), new Session(true)];
  const { opening } = pooled([first, late]);
  const client = await PostgresClient.open(opening);
  const released = vi.spyOn(late, "release");
  first.emit("end");
  const reviving = client.revive();
  await client.close();
  await expect(reviving).rejects.toMatchObject({ kind: "unavailable" });
  expect(released).toHaveBeenCalledOnce();
});

test("a way back that leads to a standby is none: nothing would lead away from it, since its sessions do not end", async () => {
  const [first, standby, primary] = [new Session(true), new Session(true, true), new Session(true)];
  const { opening } = pooled([first, standby, primary]);
  const client = await PostgresClient.open(opening);
  const released = vi.spyOn(standby, "release");
  first.emit("end");
  await expect(client.revive()).rejects.toMatchObject({ kind: "unavailable", retryable: true });
  expect(released).toHaveBeenCalledExactlyOnceWith(true);
  await client.revive();
  await client.onLifeline("LISTEN news");
  await client.close();
});

test("a connection that ends in the moment in which it has answered is no way back", async () => {
  const [first, ending, sound] = [new Session(true), new Session(true), new Session(true)];
  const { lost, opening } = pooled([first, ending, sound]);
  const client = await PostgresClient.open(opening);
  first.emit("end");
  const answer = ending.query.bind(ending);
  // With the last answer comes the end of the session, in one piece.
  vi.spyOn(ending, "query")
    .mockImplementationOnce(answer)
    .mockImplementationOnce(() => {
      const answered = answer();
      ending.emit("error", new Error("terminating connection due to administrator command"));
      return answered;
    });
  await expect(client.revive()).rejects.toMatchObject({ kind: "unavailable" });
  expect(lost).toHaveBeenCalledTimes(1);
  await client.revive();
  await client.onLifeline("LISTEN news");
  await client.close();
});

/** A client of a server that says what it is, and a connection that it has lent. */
async function openAt(host: string, identity: string): Promise<{ client: PostgresClient; lent: object }> {
  const sessions = [new Session(true), new Session(true)].map((session) =>
    Object.assign(session, {
      host,
      getTransactionStatus: () => "T",
      query: async () => ({ rows: [{ pid: 7, standby: "false", identity }] }),
    }),
  );
  const client = await PostgresClient.open(pooled(sessions).opening);
  onTestFinished(() => client.close());
  const [beside] = sessions;
  expect(client.isSameDatabase(beside)).toBe(true);
  return { client, lent: await client.transactOnce(async (_session, lent) => lent) };
}

test("a connection that another client has lent is known to be on the same database by whatever address; one that was not lent is not", async () => {
  const broker = await openAt("localhost", "16384/1");
  const backend = await openAt("127.0.0.1", "16384/1");
  const elsewhere = await openAt("db", "16384/2");
  expect(backend.client.isSameDatabase(broker.lent)).toBe(true);
  expect(backend.client.isSameDatabase(elsewhere.lent)).toBe(false);
  expect(backend.client.isSameDatabase({ host: "localhost", getTransactionStatus: () => "T" })).toBe(false);
});
