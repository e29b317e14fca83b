import { once } from "node:events";
import net from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { catalogue } from "./catalogue.ts";
import { describeOwnServer } from "./describe-own-server.ts";
import { probes } from "./probe/probes.ts";
import { serviceNames } from "./service-name.ts";
import type { OwnServer } from "./service.ts";
import { expectDropped } from "./test-support/expect-dropped.ts";
import { stores } from "./test-support/stores.ts";

const startMs = 120_000;
/** For how long somebody else has the port. */
const takenMs = 500;

for (const name of serviceNames) {
  const store = stores[name];
  const { title, forgets = false } = catalogue[name];
  // RabbitMQ takes seconds to start: the tests hand one server on to the next.
  describeOwnServer(name, (start) => {
    let server: OwnServer;
    const ask = async () => await probes[name](new URL(server.url));

    beforeAll(async () => {
      server = await start();
      await store.put(server);
    }, startMs);
    afterAll(async () => await server[Symbol.asyncDispose]());

    test("does not answer while it is frozen, and goes on afterwards", async () => {
      await server.pause();
      await expect(ask()).rejects.toThrow("nothing within");
      await server.resume();
      await expect(ask()).resolves.toBeTypeOf("string");
    });

    test("ends the connections of its clients when told to, or says what does", async () => {
      await expectDropped(server);
      await expect(ask()).resolves.toBeTypeOf("string");
    });

    test("is away after a crash, and comes back on the same port with what it had accepted", async () => {
      await server.kill();
      await expect(ask()).rejects.toThrow(/ECONNREFUSED|ECONNRESET|closed/u);
      await server.start();
      expect(await store.has(server)).toBe(!forgets);
    });

    test("keeps its data over an orderly restart", async (context) => {
      context.skip(forgets, `${title} keeps its data in memory only`);
      await server.restart();
      expect(await store.has(server)).toBe(true);
    });

    test("comes back empty when told to", async () => {
      await server.restart({ keepsData: false });
      expect(await store.has(server)).toBe(false);
    });
  });
}

describeOwnServer("redis", (start) => {
  test("comes back on its port though somebody else had that for a moment", async () => {
    await using server = await start();
    await server.kill();
    // Whoever asks whether the server is there may come upon this one.
    const other = net.createServer((socket) => socket.destroy());
    await once(other.listen(server.port, "127.0.0.1"), "listening");
    const started = server.start();
    await pause(takenMs);
    other.close();
    await started;
    await expect(probes.redis(new URL(server.url))).resolves.toBeTypeOf("string");
  });
});
