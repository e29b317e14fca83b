import { expect, test } from "vitest";
import { importCeleryBeat } from "./import-celery-beat.ts";

test("numbers, crontabs, intervals and solar events are read, with their arguments and options", () => {
  const imported = importCeleryBeat(
    {
      often: { task: "a", schedule: 30 },
      nightly: {
        task: "b",
        schedule: { minute: 30, hour: "7,19", day_of_week: "mon-fri" },
        args: [1],
        kwargs: { x: 2 },
      },
      redbeat: {
        task: "c",
        schedule: { __type__: "interval", every: 0.5, relative: false },
        options: { queue: "q", expires: 60 },
      },
      sun: { task: "d", schedule: { __type__: "solar", event: "sunset", lat: 52.5, lon: 13.4 }, args: null },
    },
    { timezone: "Europe/Berlin" },
  );
  const specs = Object.values(imported).map(({ schedule }) => schedule.toJSON());
  expect(specs).toMatchObject([
    { type: "every", intervalMs: 30_000 },
    { type: "crontab", timezone: "Europe/Berlin" },
    { type: "every", intervalMs: 500 },
    { type: "solar", event: "sunset", latitude: 52.5, longitude: 13.4 },
  ]);
  const nightly = imported["nightly"]!.schedule;
  expect(new Date(nightly.next(Date.parse("2026-01-02T20:00:00Z"))!)).toEqual(new Date("2026-01-05T06:30:00Z"));
  expect(imported["nightly"]).toMatchObject({ task: "b", args: [1], kwargs: { x: 2 } });
  expect(imported["redbeat"]!.options).toEqual({ queue: "q", expires: 60_000 });
});

test.each([
  ["no object", 5, /cannot be imported/],
  ["no task", { a: { schedule: 5 } }, /a\.task/],
  ["an option that has no meaning here", { a: { task: "t", schedule: 5, options: { exchange: "x" } } }, /a\.options/],
  ["a bad crontab", { a: { task: "t", schedule: { minute: "61" } } }, /entry "a".*"61" is no minute/],
  ["a bad interval", { a: { task: "t", schedule: 0 } }, /entry "a".*interval/],
])("%s is refused", (_name, value, message) => {
  expect(() => importCeleryBeat(value)).toThrow(message);
});
