import type { Backend } from "@lovage/backend";
import type { StoreClock } from "@lovage/conformance";
import { storeClock } from "@lovage/conformance";
import { hasCode, silentLog, systemClock } from "@lovage/foundation";
import { afterEach, expect, it } from "vitest";
import { backend as driver, memoryBackend } from "./index.ts";

const opened: Backend[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((backend) => backend.close()));
});

async function open(url: string, clock: StoreClock | typeof systemClock = systemClock): Promise<Backend> {
  const options = { maxDocumentBytes: 1_000_000 };
  const backend = await driver.open({ url, options, clock, log: silentLog, name: "test" });
  opened.push(backend);
  return backend;
}

async function own(backend: Backend, key = "k"): Promise<string | undefined> {
  const owner = String(opened.indexOf(backend));
  return (await backend.coordination?.claimKey({ key, owner, expiresInMs: 1000 }))?.owner;
}

it("shares one store among those of the same name, and keeps names apart", async () => {
  const [first, second] = [await open("memory:"), await open("memory://")];
  const [named, alike] = [await open("memory://jobs"), await open("memory:jobs")];
  expect(await own(first)).toBe("0");
  expect(await own(second)).toBe("0");
  expect(await own(named)).toBe("2");
  expect(await own(alike)).toBe("2");
});

it("keeps stores of different clocks apart", async () => {
  const [real, virtual] = [await open("memory:"), await open("memory:", storeClock())];
  expect(await own(real)).toBe("0");
  expect(await own(virtual)).toBe("1");
});

it("drops a store with the last backend that is closed", async () => {
  const [first, second] = [await open("memory:"), await open("memory:")];
  await own(first);
  await first.close();
  await first.close();
  expect(await own(second)).toBe("0");
  await second.close();
  const third = await open("memory:");
  expect(await own(third)).toBe("2");
});

it("sweeps bounded steps until all that has expired is gone", async () => {
  const clock = storeClock();
  const backend = memoryBackend({ clock });
  opened.push(backend);
  const puts = Array.from({ length: 5000 }, (_, index) => ({
    taskId: String(index),
    state: "SUCCESS",
    document: "1",
    fence: null,
    expiresInMs: index < 4000 ? 1000 : 60_000,
  }));
  await backend.results?.put(puts);
  clock.advance(2000);
  const steps: number[] = [];
  for (let step = 0; step < 10; step += 1) steps.push(await backend.sweep());
  expect(Math.max(...steps)).toBeLessThanOrEqual(2000);
  expect(steps.reduce((sum, count) => sum + count, 0)).toBe(4000);
});

it.each(["memory:a b", "memory://a/b", "memory://a?x=1"])("refuses %s", async (url) => {
  await expect(open(url)).rejects.toSatisfy((error) => hasCode(error, "CONFIGURATION_INVALID"));
});
