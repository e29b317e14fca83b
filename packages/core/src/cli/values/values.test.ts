import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { optionValue, optionValues } from "./option-value.ts";
import { formatAddress, isLoopback, readAddress } from "./read-address.ts";
import { readDuration } from "./read-duration.ts";
import { readDurationOrInstant, readInstant } from "./read-instant.ts";
import { readJsonArguments, readJsonKeywords } from "./read-json.ts";
import { readIds, readQueues } from "./read-names.ts";
import { readInteger, readPrefetch } from "./read-number.ts";
import { readVersion } from "./read-version.ts";

describe("values of options", () => {
  test("a fault of a value is a fault of the command line", () => {
    expect(() => optionValue(readDuration)("soon")).toThrow(InvalidArgumentError);
    expect(() =>
      optionValue(() => {
        throw new SyntaxError("bug");
      })("x"),
    ).toThrow(SyntaxError);
  });

  test("an argument that stands several times is collected", () => {
    const read = optionValues(readDuration);
    expect(read("2s", read("1s"))).toEqual([1_000, 2_000]);
  });

  test("arguments are a JSON array, keyword arguments an object", () => {
    expect(readJsonArguments('[2, {"a": null}]')).toEqual([2, { a: null }]);
    expect(readJsonKeywords('{"x": [1]}')).toEqual({ x: [1] });
  });

  test.each(["2", '"a"', "{}", "null"])(
    "arguments %s are not an array, and the error shows how to write it",
    (text) => {
      expect(() => readJsonArguments(text)).toThrow(`--args '[${text}]'`);
    },
  );

  test.each(["[]", "1", "null"])("keyword arguments %s are not an object", (text) => {
    expect(() => readJsonKeywords(text)).toThrow("JSON object");
  });

  test("what is not JSON is told with the parser's words and a word on quotes", () => {
    expect(() => readJsonArguments("[2, three]")).toThrow(/not JSON: .*single quotes/);
  });

  test("a version is one of some tables, which are named", () => {
    expect(readVersion("transport=5")).toEqual(["transport", 5]);
    for (const text of ["5", "transport", "transport=0", "transport=-1", "transport=x", "=5"])
      expect(() => readVersion(text)).toThrow("such as transport=5");
  });

  test("a duration has a unit, because a bare number is seconds to some and milliseconds to others", () => {
    expect(readDuration("1.5s")).toBe(1_500);
    expect(readDuration("0")).toBe(0);
    expect(() => readDuration("10")).toThrow("10ms, 10s, 10m");
    expect(() => readDuration("-1s")).toThrow("duration");
    expect(() => readDuration("soon")).toThrow('written as 500ms, 10s, 5m, 1h or 7d; it is "soon"');
  });

  test("a duration may have a least one", () => {
    expect(readDuration("1s", 1_000)).toBe(1_000);
    for (const text of ["0", "999ms"]) expect(() => readDuration(text, 1_000)).toThrow("at least 1s");
  });

  test("an instant has a time zone", () => {
    expect(readInstant("2026-12-24T18:00:00+01:00").toISOString()).toBe("2026-12-24T17:00:00.000Z");
  });

  test.each(["2026-12-24", "2026-12-24T18:00:00", "2026-13-01T00:00:00Z", "tomorrow"])("%s is no instant", (text) => {
    expect(() => readInstant(text)).toThrow("2026-12-24T18:00:00Z");
  });

  test("an expiry is a duration or an instant", () => {
    expect(readDurationOrInstant("5m")).toBe(300_000);
    expect(readDurationOrInstant("2026-12-24T18:00Z")).toEqual(new Date("2026-12-24T18:00:00Z"));
  });

  test.each(["0", "11", "-1", "1.5", "1e1", "0x2", "", " 2"])("%j is not a whole number from 1 to 10", (text) => {
    expect(() => readInteger({ min: 1, max: 10 })(text)).toThrow("from 1 to 10");
  });

  test("prefetch is a number or auto", () => {
    expect(readPrefetch("auto")).toBe("auto");
    expect(readPrefetch("20")).toBe(20);
    expect(() => readPrefetch("many")).toThrow("auto or a whole number from 1 to 100000");
  });

  test("names are separated by commas, each once, and checked", () => {
    expect(readQueues("mail, default,mail,")).toEqual(["mail", "default"]);
    expect(readIds("a:0,b:1")).toEqual(["a:0", "b:1"]);
    expect(() => readQueues("mail,../x")).toThrow("not a valid queue name");
    expect(() => readQueues(" , ")).toThrow("At least one");
  });

  test("an address is host and port; a port alone is this machine's", () => {
    expect(readAddress("0.0.0.0:9100")).toEqual({ host: "0.0.0.0", port: 9100 });
    expect(readAddress("[::1]:0")).toEqual({ host: "::1", port: 0 });
    expect(readAddress("9100")).toEqual({ host: "127.0.0.1", port: 9100 });
    expect(formatAddress(readAddress("[::1]:80"))).toBe("[::1]:80");
  });

  test.each(["", "localhost", "localhost:", "host:65536", "::1:80", "[nonsense]:80", "a b:80", "http://x:80"])(
    "%j is no address",
    (text) => {
      expect(() => readAddress(text)).toThrow("127.0.0.1:9100");
    },
  );

  test("loopback addresses are those of this machine", () => {
    expect(["localhost", "127.0.0.1", "127.1.2.3", "::1"].every(isLoopback)).toBe(true);
    expect(["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.org"].some(isLoopback)).toBe(false);
  });
});
