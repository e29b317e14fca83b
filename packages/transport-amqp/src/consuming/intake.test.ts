import { expect, it } from "vitest";

import type { Arrival } from "./consumer-channel.ts";
import { Intake } from "./intake.ts";
import type { Sorted } from "./sorter.ts";
import { UnsettledOriginals } from "./unsettled-originals.ts";

interface Scene {
  readonly intake: Intake;
  readonly originals: UnsettledOriginals;
  /** Ids of what was let through. */
  readonly sorted: string[];
  /** What keeps the consumer from being idle. */
  readonly waiting: Promise<void>[];
}

function scene(): Scene {
  const originals = new UnsettledOriginals();
  const sorted: string[] = [];
  const waiting: Promise<void>[] = [];
  const intake = new Intake({
    originals,
    sorter: { sort: ({ properties }) => ({ message: { properties }, next: "hand-out" }) as unknown as Sorted },
    own: { watch: (settlement) => void waiting.push(settlement) },
    onSorted: (_arrival, { message }) => void sorted.push(message.properties.messageId),
  });
  return { intake, originals, sorted, waiting };
}

function arrived(messageId: string, channel = { hasEnded: false }): Arrival {
  return { raw: { properties: { messageId } }, channel } as unknown as Arrival;
}

it("lets a copy wait until its original is acknowledged, and nothing else with it", async () => {
  const { intake, originals, sorted, waiting } = scene();
  const acknowledged = Promise.withResolvers<void>();
  const settlement = originals.during(["copied"], () => acknowledged.promise);
  intake.take(arrived("copied"), "mail");
  intake.take(arrived("other"), "mail");
  expect([sorted, waiting.length]).toEqual([["other"], 1]);
  acknowledged.resolve();
  await settlement;
  await Promise.all(waiting);
  expect(sorted).toEqual(["other", "copied"]);
});

it("drops a copy whose channel has ended meanwhile, since it comes again", async () => {
  const { intake, originals, sorted, waiting } = scene();
  const acknowledged = Promise.withResolvers<void>();
  const settlement = originals.during(["copied"], () => acknowledged.promise);
  const channel = { hasEnded: false };
  intake.take(arrived("copied", channel), "mail");
  channel.hasEnded = true;
  acknowledged.resolve();
  await settlement;
  await Promise.all(waiting);
  expect(sorted).toEqual([]);
});
