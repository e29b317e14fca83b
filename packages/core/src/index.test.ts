import { expect, test } from "vitest";
import * as lovage from "./index.ts";

const errorName = /^[A-Z].*(?:Error|Exceeded)$/;

test("has the names of the design page, and nothing that does not work yet", () => {
  const names = Object.keys(lovage).filter((name) => !errorName.test(name));
  expect(names.toSorted()).toEqual([
    "at",
    "chain",
    "chord",
    "createApp",
    "crontab",
    "defineTask",
    "every",
    "group",
    "hasCode",
    "importCeleryBeat",
    "isLovageError",
    "solar",
  ]);
});

test("every error that it exports is one of Lovage's, with its own name", () => {
  const classes = Object.entries(lovage).filter(([name]) => errorName.test(name));
  expect(classes.length).toBeGreaterThan(25);
  for (const [name, exported] of classes) {
    expect((exported as { readonly name: string }).name).toBe(name);
    expect(name === "LovageError" || Object.getPrototypeOf(exported) === lovage.LovageError).toBe(true);
  }
});
