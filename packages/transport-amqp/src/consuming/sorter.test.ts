import type { ConsumeMessage } from "@lovage/client-amqp";
import { expect, it } from "vitest";

import { Sorter } from "./sorter.ts";

const sorterOf = (maxDeliveries: number): Sorter => new Sorter({ queue: "mail", maxDeliveries, isQuorum: true });

function came(headers: Readonly<Record<string, number | string>>, redelivered = true): ConsumeMessage {
  const fields = { deliveryTag: 1, redelivered, exchange: "", routingKey: "mail", consumerTag: "one" };
  return { fields, properties: { headers, messageId: "a" }, content: Buffer.from("x") } as unknown as ConsumeMessage;
}

it("hands out what was lost less often than makes a suspect", () => {
  expect(sorterOf(3).sort(came({ "x-delivery-count": 1 }), "mail")).toMatchObject({ next: "hand-out" });
});

it.each([2, 3, 40])("has what was counted as lost %i times run alone once before it is given up", (count) => {
  const sorted = sorterOf(3).sort(came({ "x-delivery-count": count }), "mail");
  expect(sorted).toMatchObject({ next: "forward", to: "mail.suspects", marks: { losses: 2, deliveries: count } });
});

it("gives up what was lost for the last time while it ran alone", () => {
  const suspect = { "x-lovage-losses": 2, "x-lovage-deliveries": 40 };
  const sorter = sorterOf(3);
  expect(sorter.sort(came(suspect), "mail.suspects")).toMatchObject({ next: "hand-out" });
  const again = sorter.sort(came({ ...suspect, "x-delivery-count": 1 }), "mail.suspects");
  expect(again).toMatchObject({ next: "exhausted", marks: { losses: 3, deliveries: 41 } });
});

it("gives up what came back to where a suspect of a classic queue runs alone", () => {
  const sorter = new Sorter({ queue: "mail", maxDeliveries: 3, isQuorum: false });
  const suspect = { "x-lovage-losses": 2, "x-lovage-deliveries": 2 };
  expect(sorter.sort(came(suspect, false), "mail.suspects.alone")).toMatchObject({ next: "hand-out" });
  const lost = sorter.sort(came(suspect), "mail.suspects.alone");
  expect(lost).toMatchObject({ next: "exhausted", marks: { losses: 3, deliveries: 3 } });
});

it("gives up at the first loss where one delivery is allowed", () => {
  expect(sorterOf(1).sort(came({ "x-delivery-count": 1 }), "mail")).toMatchObject({ next: "exhausted" });
});

it.each([true, false])(
  "gives up what was lost for the last time while it ran alone, also where it was held by a copy (quorum: %s)",
  (isQuorum) => {
    const copy = {
      "x-lovage-losses": 3,
      "x-lovage-deliveries": 5,
      "x-first-death-queue": "mail.held.0f8fad5b-d9cb-469f-a165-70867728950e",
    };
    const sorted = new Sorter({ queue: "mail", maxDeliveries: 3, isQuorum }).sort(came(copy), "mail");
    expect(sorted).toMatchObject({ next: "exhausted", marks: { losses: 3, deliveries: 5 } });
  },
);

it("goes by what the holder of a copy had counted, not by what its queue counted when the holder was gone", () => {
  const copy = {
    "x-lovage-losses": 1,
    "x-lovage-deliveries": 7,
    "x-first-death-queue": "mail.held.0f8fad5b-d9cb-469f-a165-70867728950e",
  };
  const sorted = sorterOf(3).sort(came({ ...copy, "x-delivery-count": 1 }), "mail");
  expect(sorted).toMatchObject({ next: "forward", to: "mail", delayMs: 0, marks: { losses: 1, deliveries: 7 } });
});
