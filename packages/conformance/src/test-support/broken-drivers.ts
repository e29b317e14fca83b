import { hasCode } from "@lovage/foundation";
import { DEATH_HEADER, type OutgoingMessage } from "@lovage/transport";
import { browsing, consumers, deliveries, messages } from "./change-connection.ts";
import { delayedBy } from "./delayed-by.ts";
import { override } from "./override.ts";
import type { Entry } from "./pocket-broker/pocket-queue.ts";
import type { PocketFaults } from "./pocket-broker/pocket-harness.ts";

/** A driver with one fault: most are made by wrapping the connections of a good one. */
export interface BrokenDriver {
  /** What it does wrong. */
  readonly fault: string;
  readonly faults: PocketFaults;
  /** The cases that must find it, as `concern: start of the name`. */
  readonly foundBy: readonly string[];
}

/** Deliberate faults, each with the cases that must fail for it. */
export const brokenDrivers: readonly BrokenDriver[] = [
  {
    fault: "acknowledges before the handler does",
    faults: {
      wrap: deliveries((delivery) => {
        const early = delivery.ack();
        return { ack: () => early, release: () => early, reject: () => early };
      }),
    },
    foundBy: ["redelivery: what a dead consumer held", "release: a released message comes again"],
  },
  {
    fault: "drops follow-ups",
    faults: {
      wrap: deliveries((delivery) => ({ ack: () => delivery.ack(), reject: (reason) => delivery.reject(reason) })),
    },
    foundBy: ["follow-ups: follow-ups are accepted", "follow-ups: reject takes", "follow-ups: a follow-up that is too"],
  },
  {
    fault: "settles although a follow-up is bad",
    faults: {
      wrap: deliveries((delivery) => ({
        ack: async (followUps) =>
          await delivery.ack(followUps).catch(async (error: unknown) => {
            await delivery.ack();
            throw error;
          }),
      })),
    },
    foundBy: ["follow-ups: a follow-up to a queue that was not declared"],
  },
  {
    fault: "keeps what it cannot reject",
    faults: { wrap: deliveries(() => ({ reject: () => Promise.reject(new Error("refused")) })) },
    foundBy: ["dead letters: a rejection ends the delivery"],
  },
  {
    fault: "exceeds the prefetch by one",
    faults: {
      wrap: (inner) =>
        override(inner, { consume: (options) => inner.consume({ ...options, prefetch: options.prefetch + 1 }) }),
    },
    foundBy: [
      "prefetch: a consumer never holds",
      "prefetch: the cap holds for messages",
      "prefetch: consumers of one queue",
    ],
  },
  {
    fault: "ignores a changed prefetch",
    faults: { wrap: consumers(() => ({ setPrefetch: () => {} })) },
    foundBy: [
      "prefetch: the cap can be raised",
      "prefetch: a prefetch of 0 pauses",
      "prefetch: changing the prefetch to -1",
    ],
  },
  {
    fault: "delivers early",
    faults: { wrap: messages((message) => delayedBy(message, (ms) => ms / 2)) },
    foundBy: [
      "delay: a message delayed by 700 ms",
      "delay: a hundred messages",
      "follow-ups: a follow-up carries content",
    ],
  },
  {
    fault: "delivers late",
    faults: { wrap: messages((message) => delayedBy(message, (ms) => ms + 1_500)) },
    foundBy: ["delay: a message delayed by 20 ms", "delay: a hundred messages"],
  },
  {
    fault: "forgets losses",
    faults: { wrap: deliveries(() => ({ count: 1 })) },
    foundBy: ["redelivery: every loss is counted", "poison: a message lost three times"],
  },
  {
    fault: "counts releases as losses",
    faults: { wrap: deliveries((delivery) => ({ count: delivery.redelivered ? delivery.count + 1 : delivery.count })) },
    foundBy: ["release: releases are never counted", "close: what is unsettled is released at once"],
  },
  {
    fault: "never marks a redelivery",
    faults: { wrap: deliveries(() => ({ redelivered: false })) },
    foundBy: ["redelivery: what a dead consumer held", "release: a released message comes again"],
  },
  {
    fault: "gives every delivery the same fence",
    faults: { wrap: deliveries(() => ({ fence: 1 })) },
    foundBy: ["redelivery: what a dead consumer held", "release: releases are never counted"],
  },
  {
    fault: "hides that a lease was lost",
    faults: {
      wrap: deliveries((delivery) => ({
        ack: async (followUps) => await delivery.ack(followUps).catch(swallow("LEASE_LOST")),
      })),
    },
    foundBy: ["lease lost: a zombie cannot ack", "lease lost: a message whose queue was deleted"],
  },
  {
    fault: "never aborts a signal",
    faults: { wrap: deliveries(() => ({ signal: new AbortController().signal })) },
    foundBy: ["lease lost: a zombie's signal", "close: what outlasts the grace"],
  },
  {
    fault: "allows a second settlement",
    faults: {
      wrap: deliveries((delivery) => ({ ack: async () => await delivery.ack().catch(swallow("DELIVERY_SETTLED")) })),
    },
    foundBy: ["ack: ack after ack", "ack: ack after reject"],
  },
  {
    fault: "never buries poison, and shows suspects in company",
    faults: {
      wrap: (inner) => override(inner, { consume: (options) => inner.consume({ ...options, maxDeliveries: 1_000 }) }),
    },
    foundBy: [
      "poison: a message lost three times",
      "poison: a suspect is delivered with nothing else",
      "poison: who asks",
    ],
  },
  {
    fault: "delivers after close",
    faults: { wrap: consumers(() => ({ close: async () => await Promise.resolve() })) },
    foundBy: ["close: a consumer is given nothing", "close: a consumer with work waiting"],
  },
  {
    fault: "lets leases run out on close",
    faults: { wrap: (inner) => override(inner, { close: async () => await Promise.resolve() }) },
    foundBy: ["close: closing the connection releases", "close: a closed connection refuses"],
  },
  {
    fault: "forgets the death record",
    faults: { wrap: browsing(({ queue, message, state, count }) => ({ queue, message, state, count })) },
    foundBy: ["dead letters: a dead letter tells how it died", "dead letters: a long detail is cut"],
  },
  {
    fault: "resolves a publish before the broker has it",
    faults: {
      wrap: (inner) =>
        override(inner, {
          publish: async (batch, options) => {
            const later = async (): Promise<void> => {
              for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
              await inner.publish(batch, options);
            };
            later().catch(() => {});
            await Promise.resolve();
          },
        }),
    },
    foundBy: ["publish: what was accepted is there for everybody at once", "publish: publishes in flight together"],
  },
  {
    fault: "accepts messages twice",
    faults: {
      wrap: (inner) =>
        override(inner, { publish: async (batch, options) => await inner.publish([...batch, ...batch], options) }),
    },
    foundBy: [
      "publish: publishes in flight",
      "parallel: many producers and consumers",
      "ack: an acknowledged message does not",
    ],
  },
  {
    fault: "accepts a batch up to the bad message, and names only that",
    faults: {
      wrap: (inner) =>
        override(inner, {
          publish: async (batch, options) => {
            for (const message of batch) await inner.publish([message], options);
          },
        }),
    },
    foundBy: ["publish: a batch that fails in part"],
  },
  {
    fault: "turns batches round",
    faults: {
      wrap: (inner) => override(inner, { publish: (batch, options) => inner.publish(batch.toReversed(), options) }),
    },
    foundBy: ["order: messages come in the order of their batches, with a prefetch of 1", "order: messages of one key"],
  },
  {
    fault: "ignores priorities",
    faults: {
      wrap: messages((message) => override(message, { properties: override(message.properties, { priority: 0 }) })),
    },
    foundBy: ["priority: the more urgent comes first", "priority: a priority of 10"],
  },
  {
    fault: "ignores keys",
    faults: {
      wrap: messages((message) => override(message, { properties: override(message.properties, { key: "" }) })),
    },
    foundBy: ["fairness: a key with one message", "fairness: a large prefetch", "content: all properties"],
  },
  {
    fault: "reads bodies as text",
    faults: {
      wrap: messages((message) => ({ ...message, body: Buffer.from(Buffer.from(message.body).toString("utf8")) })),
    },
    foundBy: ["content: a body of every byte", "content: a body that is no UTF-8"],
  },
  {
    fault: "copies headers by assignment",
    faults: {
      wrap: messages((message) => {
        const headers: Record<string, unknown> = {};
        for (const [name, value] of Object.entries(message.headers)) headers[name] = value;
        return { ...message, headers: headers as OutgoingMessage["headers"] };
      }),
    },
    foundBy: ["content: headers named like parts of a prototype"],
  },
  {
    fault: "makes queues of any name",
    faults: {
      wrap: (inner) =>
        override(inner, { declare: async (topology) => await inner.declare(topology).catch(swallow("NAME_INVALID")) }),
    },
    foundBy: [
      "limits: a queue whose name has nothing",
      "declare: a queue of bad name",
      'exchanges: an exchange named ""',
    ],
  },
  {
    fault: "ignores transactions",
    faults: { wrap: (inner) => override(inner, { publish: (batch) => inner.publish(batch) }) },
    foundBy: ["transactions: a string"],
  },
  {
    fault: "purges nothing",
    faults: {
      wrap: (inner) =>
        override(inner, { admin: override(inner.admin, { purge: async () => await Promise.resolve(5) }) }),
    },
    foundBy: ["admin: purge removes what waits"],
  },
  {
    fault: "shows only the first page",
    faults: {
      wrap: (inner) =>
        override(inner, {
          admin: override(inner.admin, {
            browse: async (queue, options) => ({ messages: (await inner.admin.browse(queue, options)).messages }),
          }),
        }),
    },
    foundBy: ["admin: browse goes through a queue page by page"],
  },
  {
    fault: "does not renew its leases",
    faults: { renews: false },
    foundBy: [
      "no duplicates while alive: a handler that runs",
      "no duplicates while alive: a full prefetch",
      "no duplicates while alive: a closing consumer",
    ],
  },
  {
    fault: "loses dead letters and delays in a restart",
    faults: {
      onRestart: ({ queues }) => {
        for (const queue of queues.values()) queue.entries = queue.entries.filter(isPlain);
      },
    },
    foundBy: ["reconnect: dead letters survive", "reconnect: a restarted broker has what it accepted"],
  },
];

function isPlain({ state, message }: Entry): boolean {
  return state !== "delayed" && !(DEATH_HEADER in message.headers);
}

function swallow(code: string): (error: unknown) => void {
  return (error) => {
    if (!hasCode(error, code)) throw error;
  };
}
