import {
  ChangeMessageVisibilityBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type Message,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { silentLog, virtualClock, type Clock } from "@lovage/foundation";
import { ClaimCheckUnavailableError, TransportRejectedError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import { withClaim } from "../message/claim-header.ts";
import { Claims } from "../bodies/claims.ts";
import { BrokerClock } from "../delays/delays.ts";
import { encodeBody } from "../message/envelope.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import { QueueConsumption } from "./queue-consumption.ts";
import type { QueueDirectory } from "../queues/queue-directory.ts";
import type { SqsApi } from "../sqs-api.ts";
import { blankStamp, writeStamp } from "../message/stamp.ts";

const leaseMs = 30_000;
const pollMs = 20_000;

/** A consumed queue of an SQS that answers each call so. What fails is tried again. */
function consume(
  clock: Clock,
  queue: string,
  answer: (queue: string, command: unknown) => Promise<object>,
  claims?: Claims,
): QueueConsumption {
  const call: SqsApi["call"] = async (send, options) => {
    const client = { send: async (command: unknown) => await answer(options?.queue ?? "", command) };
    for (;;) {
      try {
        return await send(client as unknown as SQSClient, { abortSignal: closing });
      } catch {
        // Made again, as SqsApi does.
      }
    }
  };
  const closing = new AbortController().signal;
  const api: Pick<SqsApi, "closing" | "call"> = { closing, call };
  const directory: Pick<QueueDirectory, "require"> = {
    require: (name) =>
      Promise.resolve({
        queue: name,
        sqsName: name,
        url: name,
        isFifo: name.endsWith(".fifo"),
        maxBytes: 1,
        group: undefined,
        isShared: false,
      }),
  };
  const context = {
    api: api as SqsApi,
    directory: directory as QueueDirectory,
    clock,
    log: silentLog,
    table: new LeaseTable(),
    claims,
  };
  const brokerClock = new BrokerClock(() => clock.now());
  return new QueueConsumption({ context, queue, leaseMs, brokerClock });
}

describe("consuming a queue in which nothing is", () => {
  it("ends a claim when its poll has found nothing", async () => {
    const clock = virtualClock();
    const consumption = consume(clock, "q", () => clock.sleep(pollMs).then(() => ({})));
    const claim = consumption.claim({ queue: "q", max: 10, leaseMs, suspects: false });
    await clock.advance(pollMs);
    expect(await Promise.race([claim, Promise.resolve("still claiming")])).toMatchObject({ messages: [] });
  });

  it("looks for what a FIFO queue delays for as long as somebody claims", async () => {
    const clock = virtualClock();
    const polled: string[] = [];
    const consumption = consume(clock, "orders.fifo", async (queue) => {
      polled.push(queue);
      await clock.sleep(pollMs);
      return {};
    });
    const claim = async (): Promise<void> => {
      await consumption.claim({ queue: "orders.fifo", max: 10, leaseMs, suspects: false });
      void claim();
    };
    void claim();
    for (let poll = 1; poll <= 10; poll += 1) await clock.advance(pollMs);
    expect(polled.filter((queue) => queue === "orders.delay").length).toBeGreaterThanOrEqual(10);
  });
});

const inGroup = Array.from({ length: 10 }, (_, index) => ({
  MessageId: `m${index}`,
  ReceiptHandle: `h${index}`,
  Body: "{}",
  Attributes: { ApproximateReceiveCount: "1", MessageGroupId: "tenant" },
}));

describe("messages of one group", () => {
  it.each([
    ["q", 10],
    ["q.fifo", 1],
  ])("in queue %s: so many at once: %i", async (queue, count) => {
    const clock = virtualClock();
    let left = [...inGroup];
    const consumption = consume(clock, queue, async (polled) => {
      if (polled !== queue) await clock.sleep(pollMs);
      const Messages = polled === queue ? left : [];
      left = [];
      return { Messages };
    });
    const { messages } = await consumption.claim({ queue, max: 10, leaseMs, suspects: false });
    expect(messages).toHaveLength(count);
  });
});

describe("the end of consuming a FIFO queue", () => {
  it("waits for the poll of its delays too, and lets no other begin", async () => {
    const clock = virtualClock();
    const polled: string[] = [];
    let underWay = 0;
    const consumption = consume(clock, "orders.fifo", async (queue) => {
      polled.push(queue);
      underWay += 1;
      await clock.sleep(queue === "orders.delay" ? 1.2 * pollMs : pollMs);
      underWay -= 1;
      return {};
    });
    const end = new AbortController();
    void consumption.claim({ queue: "orders.fifo", max: 10, leaseMs, suspects: false, signal: end.signal });
    await clock.advance(pollMs / 2);
    end.abort();
    let openPolls: number | undefined;
    const over = consumption.claimsOver().then(() => (openPolls = underWay));
    await clock.advance(2 * pollMs);
    await over;
    expect(openPolls).toBe(0);
    expect(polled).toEqual(["orders.delay", "orders.fifo"]);
  });
});

describe("what waits behind another of its group", () => {
  it("goes back when nobody consumes the queue any more, while there is time for that, and not before", async () => {
    const clock = virtualClock();
    let left = inGroup.slice(0, 3);
    const shown: string[] = [];
    const consumption = consume(clock, "q.fifo", async (polled, command) => {
      if (command instanceof ChangeMessageVisibilityBatchCommand) {
        for (const { ReceiptHandle = "", VisibilityTimeout } of command.input.Entries ?? [])
          if (VisibilityTimeout === 0) shown.push(ReceiptHandle);
        return {};
      }
      if (polled !== "q.fifo" || left.length === 0) await clock.sleep(pollMs);
      const Messages = polled === "q.fifo" ? left : [];
      left = [];
      return { Messages };
    });
    const claim = (signal?: AbortSignal) =>
      consumption.claim({ queue: "q.fifo", max: 10, leaseMs, suspects: false, ...(signal && { signal }) });
    expect((await claim()).messages).toMatchObject([{ copyId: "m0" }]);
    const end = new AbortController();
    const second = claim(end.signal);
    const whileWanted = consumption.claimsOver();
    await clock.advance(pollMs);
    await whileWanted;
    expect(shown).toEqual([]);
    end.abort();
    await second;
    const over = consumption.claimsOver();
    await clock.advance(2 * pollMs);
    await over;
    expect(shown).toEqual(["h1", "h2"]);
  });
});

describe("a poll whose connection breaks", () => {
  it("gives what its last try brought, for a lease from then on", async () => {
    const clock = virtualClock();
    let tries = 0;
    const consumption = consume(clock, "q", async () => {
      tries += 1;
      await clock.sleep(tries < 3 ? pollMs : 100);
      if (tries < 3) throw new Error("socket hang up");
      const Attributes = { ApproximateReceiveCount: "1", ApproximateFirstReceiveTimestamp: String(clock.now()) };
      return { Messages: [{ MessageId: "m", ReceiptHandle: "h", Body: "{}", Attributes }] };
    });
    const claim = consumption.claim({ queue: "q", max: 10, leaseMs, suspects: false });
    await clock.advance(2 * pollMs);
    const answeringAtMs = clock.monotonic();
    await clock.advance(100);
    const { messages, leasedAtMs } = await claim;
    expect(messages).toHaveLength(1);
    expect(leasedAtMs).toBeGreaterThanOrEqual(answeringAtMs);
  });
});

/** One with a body elsewhere, then one without. @param misses How often that body was not to be had before. */
function both(nowMs: number, receives = 1, misses = 0): Message[] {
  const properties = { messageId: "large", contentType: "x", contentEncoding: "binary" };
  const large = withClaim({ headers: {}, properties, body: new Uint8Array(9) }, "q/key");
  const bodies = [encodeBody(large, "q"), "{}"];
  return bodies.map((Body, index) => ({
    MessageId: `m${index}`,
    ReceiptHandle: `h${index}`,
    Body,
    Attributes: {
      ApproximateReceiveCount: String(index === 0 ? receives : 1),
      ApproximateFirstReceiveTimestamp: String(nowMs),
      MessageGroupId: `g${index}`,
    },
    MessageAttributes: writeStamp({ ...blankStamp, misses: index === 0 ? misses : 0 }) ?? {},
  }));
}

/** Answers the first receive of the queue with both, and keeps what is sent. */
function answering(clock: Clock, queue: string, { receives = 1, misses = 0 } = {}) {
  const sent: SendMessageBatchCommand[] = [];
  let left = both(clock.now(), receives, misses);
  const answer = async (polled: string, command: unknown): Promise<object> => {
    if (command instanceof SendMessageBatchCommand) sent.push(command);
    if (!(command instanceof ReceiveMessageCommand)) return {};
    if (polled !== queue || left.length === 0) await clock.sleep(pollMs);
    const Messages = polled === queue ? left : [];
    left = [];
    return { Messages };
  };
  return { sent, answer };
}

function fetchedBy(get: () => Promise<Uint8Array>): Claims {
  return new Claims({ maxBytes: 1_000, get, put: async () => {}, delete: async () => {} }, silentLog);
}

describe("a message whose body is elsewhere", () => {
  it("does not keep those that came with it until their leases end", async () => {
    const clock = virtualClock();
    const { sent, answer } = answering(clock, "q");
    const claims = fetchedBy(() => new Promise(() => {}));
    const claim = consume(clock, "q", answer, claims).claim({ queue: "q", max: 10, leaseMs, suspects: false });
    await clock.advance(leaseMs * 0.8);
    const { messages } = (await Promise.race([claim, Promise.resolve({ messages: [] })])) as Awaited<typeof claim>;
    expect(messages.map(({ copyId }) => copyId)).toEqual(["m1"]);
    expect(sent).toHaveLength(1);
  });

  it("is not put back once its lease has ended: another has it", async () => {
    let stoodMs = 0;
    const moving = virtualClock();
    const clock: Clock = {
      now: () => moving.now() + stoodMs,
      monotonic: () => moving.monotonic() + stoodMs,
      sleep: (ms, options) => moving.sleep(ms, options),
      timer: (ms, callback) => moving.timer(ms, callback),
      deadline: (ms, options) => moving.deadline(ms, options),
    };
    const { sent, answer } = answering(clock, "q");
    const claims = fetchedBy(async () => {
      stoodMs = 2 * leaseMs;
      throw new ClaimCheckUnavailableError("The claim check is away.");
    });
    await consume(clock, "q", answer, claims).claim({ queue: "q", max: 10, leaseMs, suspects: false });
    expect(sent).toEqual([]);
  });

  it("is handed out without it, as lost too often, once that was out of reach for most of a day", async () => {
    const clock = virtualClock();
    const { sent, answer } = answering(clock, "q", { misses: 300 });
    const claims = fetchedBy(() => Promise.reject(new TransportRejectedError("Access denied.")));
    const consumption = consume(clock, "q", answer, claims);
    const { messages } = await consumption.claim({ queue: "q", max: 10, leaseMs, suspects: false });
    const seen = messages.map(({ copyId, losses, message }) => [copyId, losses, message.body.byteLength]);
    expect(seen).toEqual([
      ["m0", 300, 0],
      ["m1", 0, 2],
    ]);
    expect(sent).toEqual([]);
  });

  it("runs after all when it can be fetched at last", async () => {
    const clock = virtualClock();
    const { answer } = answering(clock, "q", { misses: 300 });
    const consumption = consume(
      clock,
      "q",
      answer,
      fetchedBy(async () => new Uint8Array(9)),
    );
    const { messages } = await consumption.claim({ queue: "q", max: 10, leaseMs, suspects: false });
    expect(messages[0]).toMatchObject({ copyId: "m0", losses: 0, message: { body: new Uint8Array(9) } });
  });

  it("is handed out without it once it was received too often from a FIFO queue, to be given up", async () => {
    const clock = virtualClock();
    const { answer } = answering(clock, "q.fifo", { receives: 22 });
    const claims = fetchedBy(() => Promise.reject(new ClaimCheckUnavailableError("The claim check is away.")));
    const consumption = consume(clock, "q.fifo", answer, claims);
    const request = { queue: "q.fifo", max: 10, leaseMs };
    const { messages } = await consumption.claim({ ...request, suspects: false });
    expect(messages).toMatchObject([
      { copyId: "m0", losses: 21 },
      { copyId: "m1", losses: 0 },
    ]);
  });
});
