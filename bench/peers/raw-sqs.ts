import { basename } from "node:path";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { inLanes } from "../cases/in-lanes.ts";
import { benchUrl } from "../servers/bench-url.ts";
import { notAsked } from "./peer.ts";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";

const batchSize = 10;
const sendLanes = 10;
const pollLanes = 8;

/** A queue of the emulator, and a client for it. */
export interface SqsQueue {
  readonly client: SQSClient;
  readonly url: string;
}

/** Opens the queue of a measurement. */
export async function openSqsQueue(folder: string): Promise<SqsQueue> {
  const client = new SQSClient({
    endpoint: benchUrl("sqs"),
    region: "us-east-1",
    credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
    // The emulator's URLs name another host.
    useQueueUrlAsEndpoint: false,
  });
  const { QueueUrl: url } = await client.send(new CreateQueueCommand({ QueueName: basename(folder) }));
  if (url === undefined) throw new Error("The emulator made no queue.");
  return { client, url };
}

/** Messages that are waiting, delayed or hidden. */
export async function sqsDepth({ client, url }: SqsQueue): Promise<number> {
  const names = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
  ] as const;
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] }),
  );
  return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}

/** The AWS SDK with nothing around it: sends and deletes ${batchSize} at a time where it has them, ${pollLanes} polls at once. */
export function rawSqs(): PeerProgram {
  return {
    openProducer: async (folder) => producerOf(await openSqsQueue(folder)),
    openWorker: async ({ folder, onRun }: PeerWorkerOptions) => workerOf(await openSqsQueue(folder), onRun),
  };
}

function producerOf(queue: SqsQueue): PeerProducer {
  const { client, url } = queue;
  const sendBatch = async (jobs: readonly Job[]): Promise<void> => {
    const entries = jobs.map((job) => ({ Id: String(job.id), MessageBody: JSON.stringify(job) }));
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }));
    if (Failed.length > 0) throw new Error(`${Failed.length} jobs were refused.`);
  };
  return {
    enqueue: async (job) =>
      void (await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(job) }))),
    enqueueMany: async (jobs) => {
      const count = Math.ceil(jobs.length / batchSize);
      const batches = Array.from({ length: count }, (_, at) => jobs.slice(at * batchSize, (at + 1) * batchSize));
      await inLanes(batches, sendLanes, sendBatch);
    },
    schedule: notAsked("raw-sqs"),
    call: notAsked("raw-sqs"),
    depth: () => sqsDepth(queue),
    close: async () => {
      client.destroy();
      return await Promise.resolve();
    },
  };
}

function workerOf(queue: SqsQueue, onRun: (id: number) => void): PeerWorker {
  const stop = new AbortController();
  let done: Promise<unknown> = Promise.resolve();
  return {
    start: async () => {
      done = Promise.all(Array.from({ length: pollLanes }, () => workOff(queue, onRun, stop.signal)));
      return await Promise.resolve();
    },
    stop: async () => {
      stop.abort();
      await done;
      queue.client.destroy();
    },
  };
}

async function workOff({ client, url }: SqsQueue, onRun: (id: number) => void, signal: AbortSignal): Promise<void> {
  const handle = async ({ id }: Job): Promise<number> => {
    onRun(id);
    return id;
  };
  while (!signal.aborted) {
    const receive = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: batchSize, WaitTimeSeconds: 20 });
    const { Messages = [] } = await client.send(receive, { abortSignal: signal }).catch((error: unknown) => {
      if (signal.aborted) return { Messages: [] };
      throw error;
    });
    for (const { Body = "" } of Messages) await handle(JSON.parse(Body) as Job);
    if (Messages.length === 0) continue;
    const entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: entries }));
  }
}
