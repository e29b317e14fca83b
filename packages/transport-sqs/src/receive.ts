import { ReceiveMessageCommand, type Message } from "@aws-sdk/client-sqs";

import type { KnownQueue } from "./queue-directory.ts";
import type { SqsApi } from "./sqs-api.ts";

/** What is asked for. */
export interface ReceiveRequest {
  /** 1 to 10. */
  readonly max: number;
  /** How long to wait for the first one, 0 to 20. */
  readonly waitSeconds: number;
  /** How long what is received stays hidden. */
  readonly visibilitySeconds: number;
}

/** What an answer may take longer than the wait. */
const answerMs = 10_000;

/** Receives messages. A call whose answer is lost has hidden what it would have brought, so it is not made again here. */
export async function receive(
  api: SqsApi,
  { queue, url }: KnownQueue,
  { max, waitSeconds, visibilitySeconds }: ReceiveRequest,
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
  const call = { queue, timeoutMs: waitSeconds * 1_000 + answerMs };
  const { Messages = [] } = await api.call((client, options) => client.send(command, options), call);
  return Messages;
}
