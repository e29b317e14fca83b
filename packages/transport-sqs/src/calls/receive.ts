import { ReceiveMessageCommand, type Message } from "@aws-sdk/client-sqs";

import type { KnownQueue } from "../queues/queue-directory.ts";
import type { SqsApi } from "../sqs-api.ts";

/** What is asked for. */
export interface ReceiveRequest {
  /** 1 to 10. */
  readonly max: number;
  /** How long to wait for the first one, 0 to 20. */
  readonly waitSeconds: number;
  /** How long what is received stays hidden. */
  readonly visibilitySeconds: number;
  /** Told before each try: SQS hides from then on at the earliest. @default nobody asks */
  readonly onTry?: () => void;
}

/** What an answer may take longer than the wait. */
const answerMs = 10_000;

/** Receives messages. A call whose answer was lost may have hidden what it would have brought; one that is made again brings others. */
export async function receive(
  api: SqsApi,
  { queue, url }: KnownQueue,
  { max, waitSeconds, visibilitySeconds, onTry = () => {} }: ReceiveRequest,
): Promise<readonly Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: url,
    MaxNumberOfMessages: max,
    WaitTimeSeconds: waitSeconds,
    VisibilityTimeout: visibilitySeconds,
    // Older services and emulators know the first of these only, newer ones the second.
    // oxlint-disable-next-line typescript/no-deprecated -- see above
    AttributeNames: ["All"],
    MessageSystemAttributeNames: ["All"],
    MessageAttributeNames: ["All"],
  });
  const call = { queue, timeoutMs: waitSeconds * 1_000 + answerMs, polls: true };
  const { Messages = [] } = await api.call((client, options) => {
    onTry();
    return client.send(command, options);
  }, call);
  return Messages;
}
