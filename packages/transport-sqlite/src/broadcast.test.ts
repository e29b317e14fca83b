import { rmSync } from "node:fs";

import { expect, test, vi } from "vitest";

import { message, openStore } from "./test-support/open-store.ts";

test("a subscriber hears also what comes after the file was replaced, whose numbers begin again", async () => {
  const { store, path } = await openStore();
  const heard: string[] = [];
  await store.broadcast.subscribe("c", ({ properties }) => heard.push(properties.messageId));
  for (const id of ["a", "b"]) await store.broadcast.publish("c", message(id));
  await vi.waitUntil(() => heard.length === 2, { timeout: 20_000 });
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
  await store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
  await store.broadcast.publish("c", message("new"));
  await vi.waitUntil(() => heard.length === 3, { timeout: 20_000 });
  expect(heard).toEqual(["a", "b", "new"]);
});
