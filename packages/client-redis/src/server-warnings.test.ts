import { silentLog, systemClock } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";

import { RedisConnection } from "./redis-connection.ts";
import { redisTarget } from "./redis-options.ts";
import { checkServer, type Durability } from "./server-warnings.ts";
import { openFake } from "./test-support/fake-server.ts";

async function check(answers: Record<string, string>, wait = 0): Promise<Durability> {
  const fake = await openFake();
  Object.assign(fake.answers, answers);
  const target = redisTarget(fake.url, { wait });
  const opening = { target, clock: systemClock, log: silentLog, name: "test", onLost: () => {} };
  const connection = await RedisConnection.open(opening);
  onTestFinished(() => connection.close());
  return await checkServer(connection, { log: silentLog, strict: false });
}

test("a server that wants a password is not taken for one whose user has no right to INFO", async () => {
  const denied = { code: "REDIS_FAILED", kind: "denied" };
  await expect(check({ INFO: "-NOAUTH Authentication required.\r\n" })).rejects.toMatchObject(denied);
  expect(await check({ INFO: "-NOPERM User shop has no permissions to run the 'info' command\r\n" })).toBe("process");
});

test("a server that has become a replica is told to who is going to write, before it is warned of", async () => {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
  const info = "redis_version:7.0.0\r\nrole:slave\r\naof_enabled:0";
  const fake = await openFake();
  fake.answers["INFO"] = `$${info.length}\r\n${info}\r\n`;
  const opening = { clock: systemClock, log, name: "test", onLost: () => {} };
  const connection = await RedisConnection.open({ target: redisTarget(fake.url, {}), ...opening });
  onTestFinished(() => connection.close());
  const away = { code: "REDIS_FAILED", kind: "unavailable", retryable: true };
  await expect(checkServer(connection, { log, strict: false, isWritten: true })).rejects.toMatchObject(away);
  expect(warnings).toEqual([]);
  // Results can be read from it.
  expect(await checkServer(connection, { log, strict: false })).toBe("none");
});

test.each([
  ["-NOPERM User shop has no permissions to run the 'wait' command\r\n", "denied"],
  ["-ERR WAIT cannot be used with replica instances.\r\n", "unavailable"],
])("a server that is not to be asked for its replicas is told before anything is written: %s", async (WAIT, kind) => {
  await expect(check({ WAIT }, 1)).rejects.toMatchObject({ code: "REDIS_FAILED", kind });
  // Who does not wait does not need the right.
  expect(await check({ WAIT })).toBe("none");
});
