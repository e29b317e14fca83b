import { silentLog, virtualClock } from "@lovage/foundation";
import {
  PublishError,
  TransportRejectedError,
  TransportUnavailableError,
  type OutgoingMessage,
} from "@lovage/transport";
import { expect, test } from "vitest";

import type { Arrival } from "./consumer-channel.ts";
import { AmqpDelivery, type DeliveryOwner } from "./delivery.ts";
import { SentMessages } from "../publishing/sent-messages.ts";
import { noMarks } from "../wire/message-codec.ts";
import type { Past } from "../wire/parcel.ts";
import { suspectsQueueOf } from "../wire/queue-form.ts";
import { Settler } from "./settler.ts";
import { UnsettledOriginals } from "./unsettled-originals.ts";

const messageTo = (to: string): OutgoingMessage => ({
  to,
  properties: { messageId: "next", contentType: "application/json", contentEncoding: "utf-8" },
  headers: {},
  body: Buffer.from("[]"),
});

/** A delivery, and a broker of which some queues take nothing. */
class Scene {
  readonly full = new Set<string>();
  /** Queues that have accepted something. */
  readonly accepted: string[] = [];
  acknowledged = 0;
  letGo = 0;
  /** What it says instead of taking something. */
  refusal: Error = new TransportUnavailableError("full");
  readonly delivery: AmqpDelivery;
  /** Of what was accepted, where it is not new. */
  readonly pasts: Past[] = [];
  readonly #settler = new Settler({
    publisher: {
      publish: (batch, options) => {
        this.pasts.push(...batch.flatMap((message) => options?.pastOf?.(message) ?? []));
        return this.#publish(batch, options?.sent);
      },
      forward: async (message, to, { sent }) => await this.#publish([{ ...message, to }], sent),
    },
    originals: new UnsettledOriginals(),
    clock: virtualClock(),
    log: silentLog,
  });

  constructor() {
    const channel = {
      alive: async () => await Promise.resolve(),
      ack: async () => await Promise.resolve(void (this.acknowledged += 1)),
      leaving: new AbortController().signal,
      hasEnded: false,
    };
    const arrival = { raw: {}, channel, slot: undefined } as unknown as Arrival;
    const owner: DeliveryOwner = {
      queue: "mail",
      check: () => {},
      settle: (delivery, settlement) => this.#settler.settle(delivery, settlement),
      remove: () => {},
      letGo: () => void (this.letGo += 1),
    };
    const { to: source, ...message } = messageTo("mail");
    const marks = { losses: 2, deliveries: 7, restMs: 0 };
    const held = { message, marks, arrival, source: suspectsQueueOf(source as string), token: "1" };
    this.delivery = new AmqpDelivery(owner, held);
  }

  #publish(batch: readonly OutgoingMessage[], sent?: SentMessages): Promise<void> {
    const parcels = batch.map((message) => ({ message, to: message.to, marks: noMarks, delayMs: 0 }));
    const names = SentMessages.namesOf(parcels);
    const failures = batch.flatMap((message, index) => {
      const [to, name = ""] = [message.to as string, names[index]];
      if (sent?.isAccepted(name) === true) return [];
      if (this.full.has(to)) return [{ index, messageId: "next", error: this.refusal }];
      this.accepted.push(to);
      sent?.end(name, null);
      return [];
    });
    return failures.length === 0 ? Promise.resolve() : Promise.reject(new PublishError(failures, batch.length));
  }
}

test("a settlement that is repeated, since one queue takes nothing for now, sends no other queue its message again", async () => {
  const scene = new Scene();
  const followUps = ["free", "full", "free"].map((to) => messageTo(to));
  scene.full.add("full");
  for (let attempt = 0; attempt < 3; attempt += 1)
    await expect(scene.delivery.ack(followUps)).rejects.toMatchObject({ retryable: true });
  expect([scene.accepted, scene.acknowledged]).toEqual([["free", "free"], 0]);
  scene.full.clear();
  await scene.delivery.ack(followUps);
  expect([scene.accepted, scene.acknowledged]).toEqual([["free", "free", "full"], 1]);
});

test("a dead letter that its queue refuses costs no errback a second run", async () => {
  const scene = new Scene();
  const errbacks = [messageTo("errors")];
  const reason = { reason: "failed", detail: "it threw" } as const;
  scene.full.add("mail.dead");
  for (let attempt = 0; attempt < 3; attempt += 1)
    await expect(scene.delivery.reject(reason, errbacks)).rejects.toMatchObject({ retryable: true });
  scene.full.clear();
  await scene.delivery.reject(reason, errbacks);
  expect([scene.accepted, scene.acknowledged]).toEqual([["errors", "mail.dead"], 1]);
});

test("a follow-up that is the delivered message again keeps its losses and its fence, and stays where it lay; others are new", async () => {
  const scene = new Scene();
  const other = { ...messageTo("mail"), properties: { ...messageTo("mail").properties, messageId: "other" } };
  await scene.delivery.ack([messageTo("elsewhere"), other, messageTo("mail")]);
  const marks = { losses: 2, deliveries: scene.delivery.fence, restMs: 0 };
  expect(scene.pasts).toEqual([{ marks, source: "mail.suspects" }]);
});

test.each([
  ["a rejection", "mail.dead", (delivery: AmqpDelivery) => delivery.reject({ reason: "failed" })],
  ["a release", "mail.suspects", (delivery: AmqpDelivery) => delivery.release()],
])("%s that the server refuses for good lets the message go", async (_, to, settle) => {
  const scene = new Scene();
  const { signal } = scene.delivery;
  scene.full.add(to);
  await expect(settle(scene.delivery)).rejects.toMatchObject({ retryable: true });
  expect([scene.delivery.state, scene.letGo]).toEqual(["held", 0]);
  scene.refusal = new TransportRejectedError("access refused");
  await expect(settle(scene.delivery)).rejects.toMatchObject({ retryable: false });
  expect([scene.delivery.state, scene.letGo, signal.aborted]).toEqual(["lost", 1, true]);
  await expect(scene.delivery.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
});

test("what is refused because of what follows can be settled without", async () => {
  const scene = new Scene();
  scene.refusal = new TransportRejectedError("access refused");
  scene.full.add("errors");
  await expect(scene.delivery.reject({ reason: "failed" }, [messageTo("errors")])).rejects.toThrow(PublishError);
  await expect(scene.delivery.ack([messageTo("errors")])).rejects.toThrow(PublishError);
  await scene.delivery.reject({ reason: "failed" });
  expect([scene.delivery.state, scene.letGo, scene.accepted]).toEqual(["settled", 0, ["mail.dead"]]);
});
