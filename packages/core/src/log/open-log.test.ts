import { silentLog, virtualClock } from "@lovage/foundation";
import { pino } from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openLog } from "./open-log.ts";
import { terminalLine } from "./terminal-line.ts";

const clock = virtualClock({ nowMs: 1_700_000_000_000 });

afterEach(() => vi.restoreAllMocks());

function written(write: () => void): string[] {
  const lines: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  write();
  return lines;
}

describe("the default log", () => {
  test("writes JSON lines with the time of the app's clock, from its level on", () => {
    const lines = written(() => {
      const log = openLog({ name: "shop", level: "info", clock, format: "json" }).child({ part: "worker" });
      log.debug("not this");
      log.info("started", { queues: ["a"] });
    });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { name: "shop", level: 30, time: 1_700_000_000_000, msg: "started", part: "worker", queues: ["a"] },
    ]);
  });

  test("masks secrets wherever they stand, and bounds what it is given", () => {
    const url = "redis://user:hunter2@host";
    const error = new Error(`no ${url}`, { cause: new Error(`because of ${url}`) });
    const cyclic: Record<string, unknown> = { url, big: 12n };
    cyclic["self"] = cyclic;
    const [line = ""] = written(() => {
      const log = openLog({ name: "shop", level: "debug", clock, format: "json" });
      log.child({ [url]: url }).error(`lost ${url}`, { error, deep: { list: [url], cyclic } });
    });
    expect(line.split(`"redis://user:hunter2@host":`).join("")).not.toContain("hunter2");
    expect(JSON.parse(line)).toMatchObject({ error: { name: "Error", cause: { name: "Error" } } });
  });

  test("writes nothing below its level, and nothing at all when it is silent", () => {
    const lines = written(() => {
      for (const level of ["error", "silent"] as const) {
        const log = openLog({ name: "shop", level, clock, format: "json" });
        log.warn(`not at ${level}`);
        log.error(level);
      }
    });
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(["error"]);
  });

  test("calls nothing of what it is given", () => {
    const fields = { toJSON: () => expect.unreachable(), inner: { toJSON: () => expect.unreachable(), a: 1 } };
    const [line = ""] = written(() =>
      openLog({ name: "shop", level: "info", clock, format: "json" }).info("x", fields),
    );
    expect(JSON.parse(line)).toMatchObject({ msg: "x", inner: { a: 1 } });
  });

  test("is readable on a terminal", () => {
    const [line = ""] = written(() =>
      openLog({ name: "shop", level: "info", clock, format: "text" }).warn("odd", { n: 1 }),
    );
    expect(line).toMatch(/^\d\d:\d\d:\d\d warn {2}odd n=1\n$/);
  });
});

describe("a log of the user's own", () => {
  test("of pino's form gets the fields first", () => {
    const lines: string[] = [];
    const given = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
    const log = openLog({ name: "shop", level: "debug", clock, given });
    log.debug("below its own level");
    log.child({ a: 1 }).info("hello", { b: 2 });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ msg: "hello", a: 1, b: 2 }]);
  });

  test("of Lovage's form is used as it is", () => {
    expect(openLog({ name: "shop", level: "info", clock, given: silentLog })).toBe(silentLog);
  });
});

test("a terminal line shows values as a person reads them", () => {
  const json = JSON.stringify({
    level: 50,
    time: 0,
    msg: "m",
    text: "two words",
    word: "one",
    list: [1],
    error: { name: "E", message: "x" },
  });
  expect(terminalLine(json).slice(9)).toBe(`error m text="two words" word=one list=[ 1 ] error=E: x\n`);
});
