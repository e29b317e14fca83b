import { virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";
import { changed } from "../worker/test-support/worker-harness.ts";
import { recordedLog, type RecordedLog } from "../test-support/recorded-log.ts";
import { ServerClock } from "./server-clock.ts";

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 0, 1);

/** A clock of a machine that is an hour ahead of its server. */
function setUp(): {
  clock: ReturnType<typeof virtualClock>;
  log: RecordedLog;
  server: { offsetMs: number; delayMs: number; error?: Error; asked: number };
  /** How far the machine's clock is set on, and for how long the machine slept. */
  machine: { stepMs: number; sleptMs: number };
  subject: ServerClock;
} {
  const clock = virtualClock({ nowMs: startMs + hourMs });
  const log = recordedLog();
  const server: ReturnType<typeof setUp>["server"] = { offsetMs: -hourMs, delayMs: 0, asked: 0 };
  const machine = { stepMs: 0, sleptMs: 0 };
  const ask = async (): Promise<number> => {
    server.asked += 1;
    if (server.error !== undefined) throw server.error;
    const readMs = clock.now() + server.offsetMs + machine.sleptMs;
    if (server.delayMs > 0) await clock.sleep(server.delayMs);
    return readMs;
  };
  const own = changed(clock, { now: () => clock.now() + machine.stepMs + machine.sleptMs });
  return { clock, log, server, machine, subject: new ServerClock({ clock: own, log, ask }) };
}

const warnings = (log: RecordedLog): readonly string[] =>
  log.lines.filter(([level]) => level === "warn").map(([, text]) => text);

test("tells the machine's time until the server was asked, and the server's then", async () => {
  const { clock, subject } = setUp();
  expect(subject.now()).toBe(startMs + hourMs);
  await subject.refresh(0);
  expect(subject.now()).toBe(startMs);
  await clock.advance(5_000);
  expect(subject.now()).toBe(startMs + 5_000);
  expect(subject.monotonic()).toBe(clock.monotonic());
});

test("warns once of a wrong clock, and says when it is right again", async () => {
  const { log, server, subject } = setUp();
  await subject.refresh(0);
  await subject.refresh(0);
  expect(warnings(log)).toEqual([expect.stringContaining("clock is 1h ahead of the server's")]);
  server.offsetMs = 4_000;
  await subject.refresh(0);
  expect(log.lines.at(-1)).toMatchObject(["info", "This machine's clock agrees with the server's again.", {}]);
  server.offsetMs = 6_000;
  await subject.refresh(0);
  expect(warnings(log).at(-1)).toContain("clock is 6s behind the server's");
});

test("asks no more often than it is told to", async () => {
  const { clock, server, subject } = setUp();
  await subject.refresh();
  await clock.advance(29_999);
  await subject.refresh();
  expect(server.asked).toBe(1);
  await clock.advance(1);
  await subject.refresh();
  expect(server.asked).toBe(2);
});

test("keeps what it knows while the server is away or slow, and waits a second at most", async () => {
  const { clock, log, server, subject } = setUp();
  await subject.refresh(0);
  server.error = new Error("away");
  await subject.refresh(0);
  delete server.error;
  server.delayMs = 5_000;
  const slow = subject.refresh(0);
  await clock.advance(1_000);
  await slow;
  await clock.advance(4_000);
  expect(subject.now()).toBe(clock.now() - hourMs);
  expect(warnings(log)).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test("of a server that is always slow it knows what the answers leave open, however they overtake each other", async () => {
  const { clock, server, subject } = setUp();
  server.delayMs = 4_000;
  void subject.refresh(0);
  await clock.advance(3_500);
  expect(subject.now()).toBe(clock.now());
  void subject.refresh(0);
  await clock.advance(500);
  const errorMs = (): number => subject.now() - (clock.now() - hourMs);
  // The answer was up to 4 s on its way: the time lies between what it says and that later.
  expect([errorMs() >= -4_000, errorMs() <= 0]).toEqual([true, true]);
  await clock.advance(3_500);
  expect([errorMs() >= -4_000, errorMs() <= 0]).toEqual([true, true]);
  server.delayMs = 0;
  await subject.refresh(0);
  expect(errorMs()).toBe(0);
  server.offsetMs = 0;
  server.delayMs = 4_000;
  void subject.refresh(0);
  await clock.advance(4_000);
  expect([subject.now() >= clock.now() - 4_000, subject.now() <= clock.now()]).toEqual([true, true]);
});

test.each([2 * hourMs, -2 * hourMs])("does not jump when the machine's clock is set by %i ms", async (stepMs) => {
  const { clock, log, server, machine, subject } = setUp();
  await subject.refresh();
  machine.stepMs = stepMs;
  await clock.advance(1_000);
  expect(subject.now()).toBe(startMs + 1_000);
  await subject.refresh();
  expect([subject.now(), server.asked]).toEqual([startMs + 1_000, 2]);
  machine.stepMs = -hourMs;
  await subject.refresh();
  expect(log.lines.at(-1)).toMatchObject(["info", "This machine's clock agrees with the server's again.", {}]);
});

test("asks at once after a sleep of the machine, and once only if nobody answers", async () => {
  const { clock, server, machine, subject } = setUp();
  await subject.refresh();
  server.error = new Error("away");
  machine.sleptMs = hourMs;
  await clock.advance(1_000);
  await subject.refresh();
  await subject.refresh();
  expect([subject.now(), server.asked]).toEqual([startMs + 1_000, 2]);
  delete server.error;
  await clock.advance(30_000);
  await subject.refresh();
  expect(subject.now()).toBe(startMs + hourMs + 31_000);
});

test("is the machine's clock where no server tells its time", async () => {
  const clock = virtualClock({ nowMs: startMs });
  const subject = new ServerClock({ clock, log: recordedLog(), ask: undefined });
  await subject.refresh(0);
  expect(subject.now()).toBe(startMs);
});
