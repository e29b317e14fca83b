import { rmSync } from "node:fs";

import { systemClock } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";

import { openRenewer } from "./renewer.ts";
import { message, openStore, take } from "./test-support/open-store.ts";

test("a renewer follows when the file was replaced, and writes none of its own meanwhile", async () => {
  const { store, path } = await openStore();
  const renewer = await openRenewer({ path }, () => systemClock.monotonic());
  onTestFinished(() => renewer.close());
  const renewals = async (): Promise<unknown> => {
    await store.publish([message("a")]);
    const leases = (await take(store)).map(({ lease }) => lease);
    return await renewer.extend("q", leases, 60_000);
  };
  expect(await renewals()).toBeNull();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
  await expect(renewer.extend("q", [{ id: 1, fence: 1 }], 60_000)).rejects.toMatchObject({
    code: "TRANSPORT_UNAVAILABLE",
  });
  await store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
  expect(await renewals()).toBeNull();
});
