import { optionsSchema, queryOptions, readOptions } from "@lovage/foundation";
import { describe, expect, it } from "vitest";

import { leaseOptions, leaseSettings, type LeaseOptions, type ParsedLeaseOptions } from "./settings.ts";

const schema = optionsSchema<LeaseOptions, ParsedLeaseOptions>(leaseOptions);

describe("leaseSettings", () => {
  it("fills in the defaults of the contract", () => {
    expect(leaseSettings()).toEqual({
      leaseMs: 30_000,
      renewEveryMs: 10_000,
      sweepMs: 5_000,
      maxMessageBytes: 262_144,
    });
  });

  it("takes durations as users write them, and text from a URL", () => {
    const parsed = readOptions(
      schema,
      { lease: "3s", renewal: 500, sweep: "500ms", maxMessageBytes: "4096" },
      "The test",
    );
    expect(leaseSettings(parsed)).toEqual({ leaseMs: 3_000, renewEveryMs: 500, sweepMs: 500, maxMessageBytes: 4_096 });
  });

  it.each([
    { lease: "3 s" },
    { lease: 0 },
    { lease: "99d" },
    { sweep: -1 },
    { maxMessageBytes: 1.5 },
    { maxMessageBytes: "many" },
    { lesae: "3s" },
  ])("refuses %j", (options) => {
    expect(() => readOptions(schema, options, "The test")).toThrow(
      expect.objectContaining({
        code: "CONFIGURATION_INVALID",
        message: expect.stringContaining("The test") as string,
      }),
    );
  });

  it("refuses a renewal that leaves no room for a second try", () => {
    expect(() => leaseSettings({ lease: 1_000, renewal: 600 })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", field: "renewal" }),
    );
  });
});

describe("queryOptions", () => {
  const names = ["lease", "sweep"];

  it("takes the query off a URL", () => {
    expect(queryOptions("sqlite:x.db?lease=3s&sweep=500ms", names)).toEqual({
      base: "sqlite:x.db",
      options: { lease: "3s", sweep: "500ms" },
    });
    expect(queryOptions("memory:", names)).toEqual({ base: "memory:", options: {} });
  });

  it.each([
    ["memory:?lesae=3s", 'Did you mean "lease"?'],
    ["memory:?durability=x", "It takes lease, sweep."],
    ["memory:?lease=1s&lease=2s", "given twice"],
    ["memory:?__proto__=1", "is not an option"],
  ])("refuses %s", (url, text) => {
    expect(() => queryOptions(url, names)).toThrow(text);
  });

  it("shows no secret of the URL", () => {
    expect(() => queryOptions("redis://me:hunter2@host?x=1&password=hunter2", names)).toThrow(/^(?!.*hunter2)/);
  });
});
