import { createHash } from "node:crypto";

import { SendMessageBatchCommand, type MessageAttributeValue } from "@aws-sdk/client-sqs";
import type { Message } from "@lovage/transport";

import { sendInBatches, type BatchFailure } from "./batches.ts";
import { encodeBody } from "../message/envelope.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import type { SqsApi } from "../sqs-api.ts";
import { blankStamp, writeStamp, type FifoAddress, type Stamp } from "../message/stamp.ts";

/** A message on its way into a queue of SQS. */
export interface Outgoing {
  readonly body: string;
  readonly stamp: Stamp;
  /** In whole seconds, at most 900; standard queues only. */
  readonly delaySeconds?: number;
  /** FIFO queues only. */
  readonly address?: Pick<FifoAddress, "group" | "deduplication">;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const maxDelaySeconds = 900;
/** A batch as large as SQS has always taken it; emulators, and SQS itself before August 2025, take none of 1 MiB. */
const commonBatchBytes = 262_144;
/** Of a batch, for what we do not count. */
const uncountedBytes = 8_192;
const idLength = 128;
/** A name, a type and a text, as SQS counts an attribute. */
const attributeBytes = 14;

/** A message for a standard queue, to be seen after so many ms at the earliest. */
export function delayedOutgoing(body: string, stamp: Stamp, waitMs: number): Outgoing {
  // Whole seconds, rounded up: never early. What lies beyond SQS' longest delay goes on in hops.
  const delaySeconds = Math.min(maxDelaySeconds, Math.ceil(Math.max(0, waitMs) / 1_000));
  return { body, stamp: { ...stamp, waitMs: Math.max(0, Math.ceil(waitMs)) }, delaySeconds };
}

/** A message for a FIFO queue. @param twist tells apart copies that are meant to be there beside each other. */
export function fifoAddress(
  message: Message,
  { queue, group }: Pick<KnownQueue, "queue" | "group">,
  twist = "",
): FifoAddress {
  const { messageId, key } = message.properties;
  return {
    queue,
    group: asId(key === undefined || key === "" ? (group ?? messageId) : key),
    deduplication: asId(`${messageId}${twist}`),
  };
}

/** A fresh message, for its own queue. */
export function freshOutgoing(message: Message, queue: KnownQueue, twist = ""): Outgoing {
  const body = encodeBody(message, queue.queue);
  return { body, stamp: blankStamp, ...(queue.isFifo ? { address: fifoAddress(message, queue, twist) } : {}) };
}

/** Sends messages to one queue; tells which were not accepted, by their place. */
export function sendAll(
  api: SqsApi,
  queue: KnownQueue,
  messages: readonly Outgoing[],
  { inOrder = queue.isFifo }: { readonly inOrder?: boolean } = {},
): Promise<readonly BatchFailure[]> {
  return sendInBatches({
    api,
    queue: queue.queue,
    entries: messages.map((message) => entryOf(message)),
    inOrder,
    maxBytes: Math.max(commonBatchBytes, queue.maxBytes) - uncountedBytes,
    bytesOf: ({ MessageBody, MessageAttributes }) => MessageBody.length + attributesBytes(MessageAttributes),
    send: async (entries) => {
      const command = new SendMessageBatchCommand({ QueueUrl: queue.url, Entries: [...entries] });
      const call = { queue: queue.queue, publishes: !queue.isFifo };
      return (await api.call((client, options) => client.send(command, options), call)).Failed ?? [];
    },
  });
}

function entryOf({ body, stamp, delaySeconds, address }: Outgoing): {
  readonly MessageBody: string;
  readonly MessageAttributes: Record<string, MessageAttributeValue> | undefined;
} {
  return {
    MessageBody: body,
    MessageAttributes: writeStamp(stamp),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
    ...(address === undefined ? {} : { MessageGroupId: address.group, MessageDeduplicationId: address.deduplication }),
  };
}

function attributesBytes(attributes: Record<string, MessageAttributeValue> | undefined): number {
  if (attributes === undefined) return 0;
  return Object.values(attributes).reduce(
    (sum, { StringValue = "" }) => sum + attributeBytes + StringValue.length * 3,
    0,
  );
}

/** Ids of SQS are short and of few characters; what is not goes by its digest. */
function asId(text: string): string {
  if (text.length > 0 && text.length <= idLength && /^[!-~]+$/.test(text)) return text;
  return createHash("sha256").update(text).digest("hex");
}
