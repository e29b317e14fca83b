import type { Channel, Options } from "@lovage/client-amqp";
import { AmqpError } from "@lovage/client-amqp";
import type { QueueDeclaration } from "@lovage/transport";
import { expect, it } from "vitest";

import { QueueAssertions } from "./queue-assertions.ts";
import { deadForms, isLimited, mainForms, queueForm, suspectsForms } from "../wire/queue-form.ts";
import type { OnChannel } from "./step-channel.ts";

/** A broker that knows queues by their arguments, and writes down what it is asked. */
class PlayedBroker {
  readonly queues = new Map<string, string>();
  readonly asked: string[] = [];

  readonly onChannel: OnChannel = async (work) =>
    await work({
      assertQueue: async (name: string, options: Options.AssertQueue) => {
        const wanted = JSON.stringify(options.arguments ?? {});
        const isRefused = (this.queues.get(name) ?? wanted) !== wanted;
        await Promise.resolve(this.asked.push(isRefused ? "refused" : "asserted"));
        if (isRefused) throw new AmqpError("406: inequivalent arg", { kind: "mismatch" });
        this.queues.set(name, wanted);
      },
      checkQueue: async (name: string) => {
        await Promise.resolve(this.asked.push("checked"));
        if (!this.queues.has(name)) throw new AmqpError("404", { kind: "missing" });
      },
    } as unknown as Channel);
}

const formOf = (declaration: Partial<QueueDeclaration>): ReturnType<typeof queueForm> =>
  queueForm({ name: "mail", ...declaration }, {});
const firstOf = (declaration: Partial<QueueDeclaration>, version = "4.0.5"): Options.AssertQueue =>
  mainForms(formOf(declaration), version)[0];
const classic = { driver: { queueType: "classic" } };
const quorum = { driver: { queueType: "quorum" } };
const old = JSON.stringify({ "x-queue-type": "quorum" });

it("makes a quorum queue that Lovage alone reads without a limit of deliveries where the server has one, and one that Celery reads as Celery does", () => {
  expect(isLimited(firstOf({}))).toBe(false);
  expect(firstOf({}).arguments).toEqual({ "x-queue-type": "quorum", "x-delivery-limit": 1_000_000_000 });
  expect(firstOf({}, "3.13.7").arguments).toEqual({ "x-queue-type": "quorum" });
  for (const consumers of ["celery", "mixed"] as const) {
    const asked = firstOf({ consumers, ...quorum });
    expect([isLimited(asked), asked]).toEqual([true, { durable: true, arguments: { "x-queue-type": "quorum" } }]);
  }
  expect([isLimited(firstOf(classic)), firstOf(classic)]).toEqual([false, { durable: true }]);
});

it("makes what Celery reads as Celery makes what it is told nothing of, unless the connection or the queue says otherwise", () => {
  for (const consumers of ["celery", "mixed"] as const) {
    expect(firstOf({ consumers })).toEqual({ durable: true });
    const form = queueForm({ name: "mail", consumers }, { queueType: "quorum" });
    expect([form.type, formOf({ consumers, ...quorum }).type]).toEqual(["quorum", "quorum"]);
  }
  expect(queueForm({ name: "mail", consumers: "mixed" }, { maxPriority: 10 }).maxPriority).toBe(10);
});

it("says the type of what is beside a classic queue, for which a vhost may have another one", () => {
  const form = formOf({ ...classic, deadLetterRetentionMs: 5_000 });
  expect(deadForms(form)[0].arguments).toEqual({ "x-message-ttl": 5_000, "x-queue-type": "classic" });
  expect(suspectsForms(form)[0].arguments).toEqual({ "x-queue-type": "classic" });
  expect(deadForms(formOf({ deadLetterRetentionMs: Infinity }))[0].arguments).not.toHaveProperty("x-message-ttl");
});

it("uses a queue as it is that was made by an earlier release, and knows that it is limited", async () => {
  const broker = new PlayedBroker();
  const assertions = new QueueAssertions();
  broker.queues.set("mail", old);
  const forms = mainForms(formOf({}), "4.0.5");
  await assertions.assert("mail", forms, broker.onChannel);
  expect(isLimited(assertions.formOf("mail", forms))).toBe(true);
  await assertions.assert("mail", forms, broker.onChannel);
  expect(broker.asked).toEqual(["refused", "asserted", "checked"]);
  broker.queues.delete("mail");
  await assertions.assert("mail", forms, broker.onChannel);
  expect(isLimited(assertions.formOf("mail", forms))).toBe(false);
  expect(broker.asked.slice(3)).toEqual(["checked", "asserted"]);
});

it("takes a queue without a limit also for one that Celery reads too, and no queue that differs in more", async () => {
  const broker = new PlayedBroker();
  const [own] = mainForms(formOf({}), "4.0.5");
  broker.queues.set("mail", JSON.stringify(own.arguments));
  const assertions = new QueueAssertions();
  const forms = mainForms(formOf({ consumers: "mixed", ...quorum }), "4.0.5");
  await assertions.assert("mail", forms, broker.onChannel);
  expect(isLimited(assertions.formOf("mail", forms))).toBe(false);
  broker.queues.set("bills", JSON.stringify({ "x-queue-type": "stream" }));
  await expect(assertions.assert("bills", forms, broker.onChannel)).rejects.toMatchObject({ kind: "mismatch" });
});

it.each([0, -1, 0.5, NaN, 315_360_000_001, -Infinity])("refuses %d ms as a retention of dead letters", (ms) => {
  expect(() => formOf({ deadLetterRetentionMs: ms })).toThrow(/deadLetterRetentionMs of queue "mail"/u);
});

it.each([1, 315_360_000_000, Infinity])("takes %d ms as a retention of dead letters", (ms) => {
  expect(formOf({ deadLetterRetentionMs: ms }).deadLetterRetentionMs).toBe(ms);
});
