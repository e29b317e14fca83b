import { expect, test } from "vitest";

import { KombuKeys } from "./kombu-keys.ts";

test("priorities belong to the nearest step below them", () => {
  const keys = new KombuKeys("");
  const lists = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((priority) => keys.listFor("q", priority));
  const steps = ["q", "q\u0006\u00163", "q\u0006\u00166", "q\u0006\u00169"];
  expect(lists).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3].map((step) => steps[step]));
  expect(keys.lists("q")).toEqual(steps);
});

test("the queue of a list is known again, under a prefix too", () => {
  for (const prefix of ["", "shop:"]) {
    const keys = new KombuKeys(prefix);
    for (const list of keys.lists("media.video")) expect(keys.queueOf(list)).toBe("media.video");
  }
});

test("a channel has the number of the database, which pub/sub does not know", () => {
  expect(new KombuKeys("").channel(5, "celery.pidbox")).toBe("/5.celery.pidbox");
  expect(new KombuKeys("shop:").channel(0, "celeryev/worker.heartbeat")).toBe("shop:/0.celeryev/worker.heartbeat");
});
