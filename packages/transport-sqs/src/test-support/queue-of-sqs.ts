import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type Message,
  type MessageAttributeValue,
} from "@aws-sdk/client-sqs";
import type { VirtualClock } from "@lovage/foundation";

interface Copy {
  readonly id: string;
  readonly body: string;
  readonly attributes: Record<string, MessageAttributeValue> | undefined;
  readonly sentAtMs: number;
  visibleAtMs: number;
  firstReceivedAtMs: number;
  receives: number;
}

/** One standard queue of SQS, by the clock of a test. What came last is handed out first. A receipt handle is the id of the copy. */
export class QueueOfSqs {
  readonly #clock: VirtualClock;
  readonly #idsOf: string;
  #copies: Copy[] = [];
  #ids = 0;

  /** @param idsOf How the ids of its copies begin: two queues never have one in common. */
  constructor(clock: VirtualClock, idsOf = "copy") {
    this.#clock = clock;
    this.#idsOf = idsOf;
  }

  add(body: string, { receives = 0, delayMs = 0, attributes = undefined as Copy["attributes"] } = {}): void {
    this.#ids += 1;
    const nowMs = this.#clock.now();
    const times = { sentAtMs: nowMs, visibleAtMs: nowMs + delayMs, firstReceivedAtMs: 0 };
    this.#copies.unshift({ id: `${this.#idsOf}-${this.#ids}`, body, attributes, ...times, receives });
  }

  async answer(command: unknown): Promise<object> {
    if (command instanceof ReceiveMessageCommand) return { Messages: await this.#receive(command.input) };
    if (command instanceof SendMessageBatchCommand) this.#send(command.input);
    if (command instanceof DeleteMessageBatchCommand) this.#delete(command.input);
    if (command instanceof ChangeMessageVisibilityBatchCommand) this.#hide(command.input);
    return {};
  }

  #send({ Entries = [] }: SendMessageBatchCommand["input"]): void {
    for (const { MessageBody = "", MessageAttributes, DelaySeconds = 0 } of Entries)
      this.add(MessageBody, { attributes: MessageAttributes, delayMs: DelaySeconds * 1_000 });
  }

  #delete({ Entries = [] }: DeleteMessageBatchCommand["input"]): void {
    const gone = Entries.map(({ ReceiptHandle }) => ReceiptHandle);
    this.#copies = this.#copies.filter(({ id }) => !gone.includes(id));
  }

  #hide({ Entries = [] }: ChangeMessageVisibilityBatchCommand["input"]): void {
    for (const { ReceiptHandle, VisibilityTimeout = 0 } of Entries) {
      const copy = this.#copies.find(({ id }) => id === ReceiptHandle);
      if (copy !== undefined) copy.visibleAtMs = this.#clock.now() + VisibilityTimeout * 1_000;
    }
  }

  async #receive({
    MaxNumberOfMessages: max = 1,
    WaitTimeSeconds: waitSeconds = 0,
    VisibilityTimeout = 0,
  }: ReceiveMessageCommand["input"]): Promise<readonly Message[]> {
    for (let waitedMs = 0; ; waitedMs += 500) {
      const nowMs = this.#clock.now();
      const found = this.#copies.filter(({ visibleAtMs }) => visibleAtMs <= nowMs).slice(0, max);
      for (const copy of found) {
        copy.receives += 1;
        copy.visibleAtMs = nowMs + VisibilityTimeout * 1_000;
        copy.firstReceivedAtMs ||= nowMs;
      }
      if (found.length > 0 || waitedMs >= waitSeconds * 1_000) return found.map(asMessage);
      await this.#clock.sleep(500);
    }
  }
}

function asMessage({ id, body, attributes, sentAtMs, firstReceivedAtMs, receives }: Copy): Message {
  const Attributes = {
    ApproximateReceiveCount: String(receives),
    SentTimestamp: String(sentAtMs),
    ApproximateFirstReceiveTimestamp: String(firstReceivedAtMs),
  };
  const rest = attributes === undefined ? {} : { MessageAttributes: attributes };
  return { MessageId: id, ReceiptHandle: id, Body: body, Attributes, ...rest };
}
