import { expect, test } from "vitest";
import { askServer } from "../../postgres/ask-server.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("while the server refuses logins, for a password that is being changed, say, what a store is asked may be asked again", async () => {
    const ask = (sql: string): Promise<unknown> => askServer(server().url, (client) => client.query(sql));
    await ask("CREATE ROLE rotated LOGIN SUPERUSER");
    const store = await openedStore({ url: server().url.replace("postgres@", "rotated@") });
    await store.publish([message("a")]);
    const { messages } = await store.claim({ queue: "q", max: 1, leaseMs: 60_000, suspects: false });
    const acks = messages.map(({ lease }) => ({ kind: "ack" as const, lease }));
    await ask("ALTER ROLE rotated NOLOGIN");
    // All of its sessions but the one for notifications.
    await ask(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'rotated' AND query NOT LIKE 'LISTEN%'",
    );
    const away = { code: "TRANSPORT_UNAVAILABLE", retryable: true };
    await expect(store.settle("q", acks)).rejects.toMatchObject(away);
    await expect(store.publish([message("b")])).rejects.toMatchObject(away);
    const work = store.transact("q", async () => ({ value: 1, settlement: acks[0]! }));
    await expect(work).rejects.toMatchObject(away);
    // On the way back it is told as what it is.
    const events = { wake: () => {}, deliver: () => {}, lost: () => {} };
    await expect(store.open(events)).rejects.toMatchObject({ code: "TRANSPORT_REJECTED" });
    await ask("ALTER ROLE rotated LOGIN");
    await store.open(events);
    expect(await store.settle("q", acks)).toBeNull();
  });
});
