import { ListQueuesCommand, SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import { backOff, maskSecrets, type Clock, rest } from "@lovage/foundation";

import { PublishUncertainError } from "@lovage/transport";

import { kindOf, transportError, type FailureKind } from "./failure.ts";
import type { SqsCredentials } from "./options.ts";

/** Where SQS is, and who we are there. */
export interface SqsTarget {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly credentials?: SqsCredentials | undefined;
}

/** How one call is made. */
export interface CallOptions {
  /** Queue it is about, for messages. */
  readonly queue?: string;
  /** How long the answer may take, in ms. @default 10_000 */
  readonly timeoutMs?: number;
  /** Done twice it would be there twice: it is not repeated when no answer came, and that is told as such. @default false */
  readonly publishes?: boolean;
}

const answerMs = 10_000;
const waits = { baseMs: 50, maxMs: 5_000, jitter: "equal" } as const;
/** How often a call is made at most, by what went wrong: some 11 s of patience with a busy service, and little with a broken network. */
const maxAttempts: Readonly<Partial<Record<FailureKind, number>>> = { busy: 9, broken: 3 };
const maxSockets = 128;

type Send<Output> = (client: SQSClient, options: { readonly abortSignal: AbortSignal }) => Promise<Output>;

/** Calls of SQS: each has a deadline, is tried again where that can help, and ends with `close`. */
export class SqsApi {
  readonly #client: SQSClient;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  constructor(target: SqsTarget, clock: Clock) {
    this.#client = new SQSClient(configOf(target));
    this.#clock = clock;
  }

  /** Aborts with `close`. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Whether SQS answers us at all. That we may not list queues is an answer. @throws TRANSPORT_UNAVAILABLE, TRANSPORT_REJECTED */
  async probe(): Promise<void> {
    try {
      await this.#once((client, options) => client.send(new ListQueuesCommand({ MaxResults: 1 }), options), answerMs);
    } catch (error) {
      if (error instanceof Error && /AccessDenied/.test(error.name)) return;
      throw describe(error, undefined);
    }
  }

  /** @throws the contract's errors */
  async call<Output>(send: Send<Output>, options: CallOptions = {}): Promise<Output> {
    const { queue, timeoutMs = answerMs, publishes = false } = options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(send, timeoutMs);
      } catch (error) {
        if (attempt >= mostAttempts(kindOf(error), publishes) || this.closing.aborted)
          throw describe(error, queue, publishes);
      }
      await this.pause(attempt - 1);
    }
  }

  /** Waits before another try. Ends early when the connection is closed. */
  async pause(attempt: number): Promise<void> {
    // The next call fails at once then, and says so.
    await rest(this.#clock, backOff(waits, attempt), this.closing);
  }

  close(): void {
    this.#closing.abort();
    this.#client.destroy();
  }

  async #once<Output>(send: Send<Output>, timeoutMs: number): Promise<Output> {
    const deadline = this.#clock.deadline(timeoutMs);
    try {
      return await send(this.#client, { abortSignal: AbortSignal.any([deadline.signal, this.closing]) });
    } finally {
      deadline.cancel();
    }
  }
}

/** What may have been accepted is not published again unasked. */
function mostAttempts(kind: FailureKind, publishes: boolean): number {
  return publishes && kind === "broken" ? 1 : (maxAttempts[kind] ?? 1);
}

function configOf({ region, endpoint, credentials }: SqsTarget): SQSClientConfig {
  const home = endpoint === undefined ? {} : { endpoint, region: "us-east-1" };
  return {
    ...home,
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    // Behind an endpoint of one's own the host in a queue's URL need not be reachable from here.
    useQueueUrlAsEndpoint: endpoint === undefined,
    // Tries are made here, where they end with the connection and go by its clock.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: answerMs,
      httpAgent: { keepAlive: true, maxSockets },
      httpsAgent: { keepAlive: true, maxSockets },
    },
  };
}

function describe(error: unknown, queue: string | undefined, publishes = false): Error {
  const text = error instanceof Error ? `${error.name}: ${maskSecrets(error.message)}` : String(error);
  if (publishes && kindOf(error) === "broken") {
    const outcome = `SQS, queue "${queue ?? "?"}": ${text}. No answer came; the messages may have been accepted.`;
    return new PublishUncertainError(outcome, { cause: error });
  }
  return transportError({ kind: kindOf(error), text, queue, cause: error });
}
