import type { Message } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";
import { Producer } from "sqs-producer";
import { notAsked } from "./peer.ts";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";
import { openSqsQueue, sqsDepth } from "./raw-sqs.ts";
import type { SqsQueue } from "./raw-sqs.ts";

/** How many messages sqs-consumer takes at a time. */
export interface SqsConsumerSetting {
  readonly batchSize?: number;
}

/** sqs-producer and sqs-consumer; with a batch size it handles and deletes batches. */
export function sqsConsumer(setting: SqsConsumerSetting): PeerProgram {
  return {
    openProducer: async (folder) => producerOf(await openSqsQueue(folder)),
    openWorker: async ({ folder, onRun }: PeerWorkerOptions) => workerOf(await openSqsQueue(folder), setting, onRun),
  };
}

function producerOf(queue: SqsQueue): PeerProducer {
  const producer = Producer.create({ queueUrl: queue.url, sqs: queue.client, useQueueUrlAsEndpoint: false });
  return {
    enqueue: async (job) => void (await producer.send(messageOf(job))),
    enqueueMany: async (jobs) => void (await producer.send(jobs.map((job) => messageOf(job)))),
    schedule: notAsked("sqs-producer"),
    call: notAsked("sqs-consumer"),
    depth: () => sqsDepth(queue),
    close: async () => {
      queue.client.destroy();
      return await Promise.resolve();
    },
  };
}

function messageOf(job: Job): { readonly id: string; readonly body: string } {
  return { id: String(job.id), body: JSON.stringify(job) };
}

function idOf({ Body = "" }: Message): number {
  return (JSON.parse(Body) as Job).id;
}

function workerOf(
  { client, url }: SqsQueue,
  { batchSize }: SqsConsumerSetting,
  onRun: (id: number) => void,
): PeerWorker {
  const consumer = Consumer.create({
    queueUrl: url,
    sqs: client,
    useQueueUrlAsEndpoint: false,
    ...(batchSize === undefined
      ? { handleMessage: async (message) => (onRun(idOf(message)), await Promise.resolve(message)) }
      : {
          batchSize,
          handleMessageBatch: async (messages) => {
            for (const message of messages) onRun(idOf(message));
            return await Promise.resolve(messages);
          },
        }),
  });
  // What goes wrong is found by the jobs that do not run.
  consumer.on("error", () => {});
  return {
    start: async () => {
      consumer.start();
      return await Promise.resolve();
    },
    stop: async () => {
      const stopped = Promise.withResolvers<void>();
      consumer.on("stopped", () => stopped.resolve());
      consumer.stop({ abort: true });
      await stopped.promise;
      client.destroy();
    },
  };
}
