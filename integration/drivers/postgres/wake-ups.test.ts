import { setTimeout as pause } from "node:timers/promises";
import { virtualClock } from "@lovage/foundation";
import { expect, test, vi } from "vitest";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { heardWakeUps } from "./heard-wake-ups.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";
import { openClient } from "../../postgres/open-client.ts";

const request = { queue: "q", max: 10, leaseMs: 30_000, suspects: false };

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("who found nothing is told of what comes, also of what is committed in a transaction of the user's", async () => {
    const { url } = server();
    let woken = 0;
    const sleeper = await openedStore({ url, schema: "told", events: { wake: () => (woken += 1) } });
    const publisher = await openedStore({ url, schema: "told" });
    expect((await sleeper.claim(request)).messages).toEqual([]);
    await publisher.publish([message("a")]);
    await vi.waitUntil(() => woken === 1, { timeout: 20_000 });
    expect((await sleeper.claim(request)).messages).toHaveLength(1);
    expect((await sleeper.claim(request)).messages).toEqual([]);
    const client = await openClient(url);
    await client.query("BEGIN");
    await publisher.publish([message("b")], client);
    expect(woken).toBe(1);
    await client.query("COMMIT");
    await vi.waitUntil(() => woken === 2, { timeout: 20_000 });
  });

  test("what was published just before a publisher closed is told as well", async () => {
    const { url } = server();
    let woken = 0;
    const sleeper = await openedStore({ url, schema: "closing", events: { wake: () => (woken += 1) } });
    // Its time stands still, so that the second message comes within the quiet time of the first.
    const publisher = await openedStore({ url, schema: "closing", clock: virtualClock() });
    expect((await sleeper.claim(request)).messages).toEqual([]);
    await publisher.publish([message("a")]);
    await publisher.publish([message("b")]);
    await publisher.close();
    await vi.waitUntil(() => woken === 2, { timeout: 20_000 });
  });

  test("while nobody sleeps nothing is notified", async () => {
    const { url } = server();
    const busy = await openedStore({ url, schema: "busy" });
    // Asleep, when a statement fails for a reason of its own and all is opened again.
    await busy.claim(request);
    await busy.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
    await busy.claim(request);
    // Full claims, one after the other, make it busy.
    for (const id of ["a", "b", "c"]) {
      await busy.publish([message(id)]);
      expect((await busy.claim({ ...request, max: 1 })).messages).toHaveLength(1);
    }
    const client = await openClient(url);
    const sleepers = "SELECT count(*)::int AS count FROM pg_locks WHERE locktype = 'advisory'";
    await vi.waitUntil(async () => (await client.query<{ count: number }>(sleepers)).rows[0]?.count === 0, {
      timeout: 30_000,
    });
    const notified = await heardWakeUps(url, { schema: "busy", component: "transport" });
    for (let round = 0; round < 20; round += 1) await busy.publish([message(`m${round}`)]);
    // Two who test at the same moment may take each other for a sleeper.
    expect((await notified()).length).toBeLessThan(5);
    expect((await busy.claim({ ...request, max: 100 })).messages).toHaveLength(20);
    expect((await busy.claim(request)).messages).toEqual([]);
    await busy.publish([message("last")]);
    // More than once, when one of the twenty before is told only now.
    expect(new Set(await notified())).toEqual(new Set(["q"]));
  });

  test("no message falls between looking and sleeping, however the two meet", async () => {
    const { url } = server();
    const bell: { ring?: (() => void) | undefined } = {};
    const sleeper = await openedStore({ url, schema: "meet", events: { wake: () => bell.ring?.() } });
    const publishers = await Promise.all([1, 2, 3].map(() => openedStore({ url, schema: "meet" })));
    for (let round = 0; round < 150; round += 1) {
      const told = new Promise<void>((resolve) => (bell.ring = resolve));
      const publishing = Promise.all(
        publishers.map(async (store, index) => {
          await pause(Math.random() * 4);
          await store.publish([message(`${round}-${index}`)]);
        }),
      );
      let found = 0;
      while (found < publishers.length) {
        const { messages } = await sleeper.claim(request);
        found += messages.length;
        await sleeper.settle(
          "q",
          messages.map(({ lease }) => ({ kind: "ack", lease })),
        );
        if (messages.length > 0) continue;
        // Nothing else wakes it: without a poll a lost wake-up would be waited for in vain.
        await Promise.race([told, publishing.then(() => pause(2_000)).then(() => expect.fail("a wake-up was lost"))]);
        bell.ring = undefined;
        break;
      }
      await publishing;
      const { messages } = await sleeper.claim(request);
      await sleeper.settle(
        "q",
        messages.map(({ lease }) => ({ kind: "ack", lease })),
      );
    }
  }, 120_000);

  test("of very many messages due at once one claim makes ready a bounded number", async () => {
    const store = await openedStore({ url: server().url, schema: "due" });
    const due = Array.from({ length: 1_000 }, (_, index) => message(String(index), { notBefore: { inMs: 5 } }));
    for (let batch = 0; batch < 3; batch += 1) await store.publish(due);
    await pause(10);
    await store.claim(request);
    const client = await openClient(server().url);
    const { rows } = await client.query<{ count: string }>("SELECT count(*) FROM due.messages WHERE state = 1");
    expect(Number(rows[0]?.count)).toBe(2_000);
  });
});
