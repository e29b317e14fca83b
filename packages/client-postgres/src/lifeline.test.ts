import { EventEmitter } from "node:events";

import { silentLog, virtualClock } from "@lovage/foundation";
import type { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";

import { Lifeline } from "./lifeline.ts";

/** A lifeline over a server that takes so long for each statement. */
function lifelineOver(msOf: (text: string) => number) {
  const clock = virtualClock();
  const query = (text: string): Promise<object> => clock.sleep(msOf(text)).then(() => ({ rows: [] }));
  const losses: boolean[] = [];
  const lifeline = new Lifeline({
    client: Object.assign(new EventEmitter(), { query }) as unknown as Client,
    dispose: () => {},
    where: "here",
    clock,
    log: silentLog,
    onNotification: () => {},
    onLost: (_cause, isSilent) => losses.push(isSilent),
  });
  onTestFinished(() => lifeline.close());
  return { clock, lifeline, losses };
}

test("a server whose answers take long, one after the other, is not silent", async () => {
  const { clock, lifeline, losses } = lifelineOver((text) => (text === "arm" ? 1_000 : 1));
  await clock.advance(4_500);
  for (let call = 0; call < 20; call += 1) lifeline.run("arm").catch(() => {});
  await clock.advance(60_000);
  expect(losses).toEqual([]);
});

test("a server that answers nothing is told within ten seconds, also to who waits already", async () => {
  const { clock, lifeline, losses } = lifelineOver((text) => (text === "stuck" ? 1e9 : 1));
  await clock.advance(12_000);
  lifeline.run("stuck").catch(() => {});
  await clock.advance(10_000);
  expect(losses).toEqual([true]);
});
