import { setTimeout as work } from "node:timers/promises";
import { createApp } from "lovage";
import { recorded } from "./recorded.ts";

/** A fan-in: members that work for a while, and a body that adds up what they return. */
export const app = createApp({ name: "chords" });

/** A member of a chord. A negative number fails. */
export const member = app.task("chords.member", { bind: true, maxRetries: 0 }, (task, value: number) =>
  recorded(task, async () => {
    await work(20);
    if (value < 0) throw new RangeError(`${value} is negative`);
    return value;
  }),
);

/** The body. */
export const total = app.task("chords.total", { bind: true }, (task, values: readonly number[]) =>
  recorded(task, () => values.reduce((sum, value) => sum + value, 0)),
);
