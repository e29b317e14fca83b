import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { virtualClock } from "@lovage/foundation";
import { expect, onTestFinished, test } from "vitest";
import { recordedLog } from "../test-support/recorded-log.ts";
import { createApp } from "./create-app.ts";
import { overrideConfiguration, runtimeOf } from "./runtime-of.ts";

/** Opens after a second, and tells the log what it does. */
const driver = `export const backend = {
  schemes: ["slow"],
  options: { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } },
  open: async ({ url, clock, log }) => {
    await clock.sleep(1000);
    log.info("opened", { url });
    return { capabilities: { reach: "process" }, close: async () => log.info("closed", { url }) };
  },
};`;

test("an app that is closed while its backends are being opened leaves none open", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "lovage-stores-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const folder = path.join(directory, "node_modules", "lovage-backend-slow");
  await mkdir(folder, { recursive: true });
  await writeFile(
    path.join(folder, "package.json"),
    '{"type":"module","exports":"./index.js","name":"lovage-backend-slow"}',
  );
  await writeFile(path.join(folder, "index.js"), driver);
  const [clock, log] = [virtualClock(), recordedLog()];
  const app = createApp({ broker: "memory:", backend: "slow:a", coordination: "slow:b", from: directory, clock, log });
  const opening = runtimeOf(app).backend();
  await expect.poll(() => clock.pending).toBeGreaterThan(0);
  const closed = app.close();
  await clock.advance(5_000);
  await Promise.all([opening, closed]);
  const told = (what: string) => log.lines.filter(([, text]) => text === what).map(([, , { url }]) => String(url));
  expect(told("opened").toSorted()).toEqual(["slow:a", "slow:b"]);
  expect(told("closed").toSorted()).toEqual(["slow:a", "slow:b"]);
});

test("a broker of the command line is refused where the app is connected already", async () => {
  const app = createApp({ broker: "memory://late", log: recordedLog() });
  onTestFinished(() => app.close());
  const options = { broker: "memory://other" };
  await app.ready();
  overrideConfiguration(app, { options: { broker: "memory://early" } });
  await app.queue("a").stats();
  expect(() => overrideConfiguration(app, { options })).toThrow(/come too late: use the app within functions/);
  overrideConfiguration(app, { options: { logLevel: "error" } });
});
