import { expect, test } from "vitest";

import { WakeUps } from "./wake-ups.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function sleeper() {
  const sent: string[] = [];
  const barrier = Promise.withResolvers<void>();
  const barriers = { next: barrier.promise };
  const wakeUps = new WakeUps(
    {
      listen: async () => () => {},
      onLifeline: async (sql) => {
        sent.push(sql);
        if (sql.includes("pg_advisory_lock(")) await barriers.next;
      },
    },
    { component: "test", schema: "lovage" },
  );
  const count = (word: string): number => sent.join(";").split(word).length - 1;
  return { wakeUps, barrier, barriers, count, sent };
}

test("who comes while another arms the topic looks no sooner than that one: what was announced before is not committed yet", async () => {
  const { wakeUps, barrier, count } = sleeper();
  const first = wakeUps.arm(["t"]);
  await nextTurn();
  let hasPassed = false;
  const second = wakeUps.arm(["t"]).then(() => (hasPassed = true));
  await nextTurn();
  expect(hasPassed).toBe(false);
  barrier.resolve();
  await Promise.all([first, second]);
  expect(wakeUps.isArmed("t")).toBe(true);
  expect(count("pg_advisory_lock_shared")).toBe(1);
});

test("two who arm a topic at the same moment share its presence once, so that one unlock ends it", async () => {
  const { wakeUps, barrier, count } = sleeper();
  barrier.resolve();
  await Promise.all([wakeUps.arm(["t"]), wakeUps.arm(["t", "u"])]);
  expect(count("pg_advisory_lock_shared")).toBe(2);
  await wakeUps.disarm(["t", "u"]);
  expect(count("pg_advisory_unlock_shared")).toBe(2);
});

test("when arming fails it fails for all who wait for it, and the presence is taken back", async () => {
  const { wakeUps, barrier, count } = sleeper();
  const first = wakeUps.arm(["t"]);
  await nextTurn();
  const second = wakeUps.arm(["t"]);
  const ends = Promise.allSettled([first, second]);
  barrier.reject(new Error("lock timeout"));
  expect((await ends).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(wakeUps.isArmed("t")).toBe(false);
  expect(count("pg_advisory_unlock_shared")).toBe(1);
});

test("many topics are armed by statements of which none waits for long", async () => {
  const { wakeUps, barrier, sent } = sleeper();
  barrier.resolve();
  await wakeUps.arm(Array.from({ length: 64 }, (_, index) => String(index)));
  const waits = sent.map((sql) => sql.split("pg_advisory_lock(").length - 1);
  expect(Math.max(...waits)).toBe(4);
  expect(waits.reduce((all, each) => all + each, 0)).toBe(64);
});

test("what fails on a connection that is gone does not disarm what was armed on the next one", async () => {
  const { wakeUps, barriers, barrier } = sleeper();
  const old = wakeUps.arm(["t"]);
  await nextTurn();
  wakeUps.forget();
  barriers.next = Promise.resolve();
  await wakeUps.arm(["t"]);
  barrier.reject(new Error("the connection has ended"));
  await expect(old).rejects.toThrow("ended");
  expect(wakeUps.isArmed("t")).toBe(true);
});
