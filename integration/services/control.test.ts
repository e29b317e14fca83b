import { expect, test } from "vitest";
import { describeOwnServer } from "./describe-own-server.ts";
import { probes } from "./probe/probes.ts";
import { serviceNames } from "./service-name.ts";
import type { OwnServer } from "./service.ts";
import { stores } from "./test-support/stores.ts";

const ask = async ({ name, url }: OwnServer) => await probes[name](new URL(url));

for (const name of serviceNames) {
  const store = stores[name];
  describeOwnServer(name, (start) => {
    test("is away after a crash, and comes back on the same port with what it had accepted", async () => {
      await using server = await start();
      await store.put(server);
      await server.kill();
      await expect(ask(server)).rejects.toThrow();
      await server.start();
      expect(await store.has(server)).toBe(true);
    });

    test("keeps its data over an orderly restart, and loses it when told to", async () => {
      await using server = await start();
      await store.put(server);
      await server.restart();
      expect(await store.has(server)).toBe(true);
      await server.restart({ keepsData: false });
      expect(await store.has(server)).toBe(false);
    });

    test("does not answer while it is frozen, and goes on afterwards", async () => {
      await using server = await start();
      await server.pause();
      await expect(ask(server)).rejects.toThrow("nothing within");
      await server.resume();
      await expect(ask(server)).resolves.toBeTypeOf("string");
    });

    // SQS is asked over HTTP, and the emulator has no command for that.
    if (name === "sqs") return;
    test("ends the connections of its clients when told to", async () => {
      await using server = await start();
      using client = await store.connect(server);
      await server.dropClients();
      await client.isClosed;
      await expect(ask(server)).resolves.toBeTypeOf("string");
    });
  });
}
