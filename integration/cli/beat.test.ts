import { afterEach, beforeEach, expect, test } from "vitest";
import { Folder } from "./test-support/command.ts";

let folder: Folder;

beforeEach(() => {
  folder = new Folder({
    "beat.ts": `
import { appendFileSync } from "node:fs";
import { createApp, every } from "lovage";
export const app = createApp({ name: "clock" });
const note = app.task("note", (text: string) => appendFileSync("ledger.txt", text + " " + process.pid + "\\n"));
app.schedule("often", { task: note, schedule: every("200ms"), args: ["tick"] });`,
  });
});

afterEach(() => folder.remove());

const lovage = (...args: readonly string[]) => folder.run(["-A", "beat.ts", ...args]);

test("a beat publishes, a worker runs; at SIGTERM the beat ends with 0", async () => {
  const beat = folder.start(["-A", "beat.ts", "beat", "--http", "127.0.0.1:0"]);
  await beat.logged("This beat leads");
  const worker = folder.start(["-A", "beat.ts", "worker"]);
  await folder.noted("tick", 3);
  const { address } = beat.log.find(({ msg }) => msg === "http endpoints") as { readonly address: string };
  const ready = await fetch(`http://${address}/ready`);
  expect([ready.status, await ready.json()]).toEqual([200, { ok: true, reasons: [] }]);
  beat.kill("SIGTERM");
  expect(await beat.ended).toMatchObject({ code: 0 });
  expect(beat.stderr).toContain("Beat has stopped.");
  worker.kill("SIGTERM");
  expect(await worker.ended).toMatchObject({ code: 0 });
});

test("worker --beat does both, and several processes publish each tick once", async () => {
  const worker = folder.start(["-A", "beat.ts", "worker", "--beat", "--processes", "2"]);
  await folder.noted("tick", 5);
  worker.kill("SIGTERM");
  expect(await worker.ended).toMatchObject({ code: 0 });
  expect(worker.log.filter(({ msg }) => msg === "Beat is ready.")).toHaveLength(2);
  const published = worker.log.filter(({ msg }) => msg === "Tick published.").map(({ instant }) => instant);
  expect(new Set(published).size).toBe(published.length);
});

test("schedules are set, listed, paused, resumed, run and removed", async () => {
  const set = await lovage(
    "schedules",
    "set",
    "nightly",
    "--task",
    "note",
    "--args",
    '["x"]',
    "--cron",
    "30 7 * * *",
    "--timezone",
    "Europe/Berlin",
  );
  expect(set).toMatchObject({ code: 0, stderr: "" });
  expect(set.stdout).toMatch(/^nightly: set, next at \d{4}-/);
  const list = await lovage("schedules", "list", "--json");
  expect(JSON.parse(list.stdout)).toMatchObject([
    { name: "nightly", task: "note", source: "store", isPaused: false, runs: 0 },
    { name: "often", task: "note", source: "code", schedule: { type: "every", intervalMs: 200 } },
  ]);
  const next = await lovage("schedules", "next", "nightly", "--count", "3");
  expect(next.stdout).toMatch(/^(\d{4}-\d\d-\d\dT0[56]:30:00Z\n){3}$/);
  expect((await lovage("schedules", "pause", "nightly")).stdout).toBe("nightly: paused\n");
  expect((await lovage("schedules", "list")).stdout).toMatch(
    /^nightly +note +crontab\("30 7 .*, Europe\/Berlin\) +store +0 +- +paused$/m,
  );
  expect((await lovage("schedules", "resume", "nightly")).stdout).toBe("nightly: resumed\n");
  expect((await lovage("schedules", "run", "nightly")).stdout).toMatch(/^[0-9a-f-]{36}\n$/);
  expect((await lovage("schedules", "remove", "nightly")).stdout).toBe("nightly: removed\n");
});

test("what is wrong is said", async () => {
  const missing = await lovage("schedules", "pause", "nothing");
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("no schedule")]);
  const bad = await lovage("schedules", "set", "s", "--task", "note", "--cron", "*/60 * * * *");
  expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining("The step")]);
  const past = await lovage("schedules", "set", "past", "--task", "note", "--at", "2020-01-01T00:00:00Z");
  expect([past.code, past.stdout]).toEqual([0, "past: set, but never due any more\n"]);
  const never = await lovage("schedules", "next", "past");
  expect([never.code, never.stdout, never.stderr]).toEqual([0, "", 'Schedule "past" is not due any more.\n']);
  const unknown = await lovage("schedules", "set", "s", "--task", "not", "--every", "1d");
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('Did you mean "note"? --force')]);
  expect((await lovage("schedules", "set", "s", "--task", "not", "--every", "1d", "--force")).code).toBe(0);
  expect((await lovage("schedules", "set", "s", "--task", "note")).code).toBe(2);
  expect((await lovage("schedules", "set", "s", "--task", "note", "--every", "1s", "--cron", "* * * * *")).code).toBe(
    2,
  );
});
