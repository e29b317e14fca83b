import { ListQueuesCommand, SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import { backOff, errorText, maskSecrets, rest, type Clock } from "@lovage/foundation";

import { PublishUncertainError } from "@lovage/transport";

import { kindOf, transportError, type FailureKind } from "./failure.ts";
import { KeptSockets } from "./kept-sockets.ts";
import type { SqsCredentials } from "./options.ts";
import { ownRegion } from "./own-endpoint.ts";

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
  /** It waits for messages: on a connection that nothing else waits for. @default false */
  readonly polls?: boolean;
}

const answerMs = 10_000;
const waits = { baseMs: 50, maxMs: 5_000, jitter: "equal" } as const;
/** How often a call is made at most, by what went wrong: some 11 s of patience with a busy or failing service, and little with a broken network. */
const maxAttempts: Readonly<Partial<Record<FailureKind, number>>> = { busy: 9, failing: 9, broken: 3 };
/** Polls are as many as their receivers let them be. */
const socketsBesidePolls = 128;
/** What a request is refused with whose signature is of another time. */
const clockRefusal =
  /^(AuthFailure|InvalidSignature|RequestExpired|RequestInTheFuture|RequestTimeTooSkewed|SignatureDoesNotMatch)/;

type Send<Output> = (client: SQSClient, options: { readonly abortSignal: AbortSignal }) => Promise<Output>;

/** Calls of SQS: each has a deadline, is tried again where that can help, and ends with `close`. */
export class SqsApi {
  readonly #target: SqsTarget;
  readonly #client: SQSClient;
  readonly #sockets: KeptSockets;
  /** Polls hold a connection for up to 20 s each, and could hold all there are. */
  #polling: SQSClient | undefined;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  constructor(target: SqsTarget, clock: Clock) {
    this.#target = target;
    this.#sockets = new KeptSockets(socketsBesidePolls, clock);
    this.#client = new SQSClient(configOf(target, this.#sockets));
    this.#clock = clock;
  }

  /** Aborts with `close`. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Whether SQS answers us at all. That we may not list queues is an answer. @throws TRANSPORT_UNAVAILABLE, TRANSPORT_REJECTED */
  async probe(): Promise<void> {
    try {
      // One that does not answer may be one of several: whoever asks tries the next.
      const most = (kind: FailureKind): number => (kind === "broken" ? 1 : mostAttempts(kind));
      await this.#repeat((client, options) => client.send(new ListQueuesCommand({ MaxResults: 1 }), options), { most });
    } catch (error) {
      if (error instanceof Error && /AccessDenied/.test(error.name)) return;
      // Who has had none yet may never have any.
      throw kindOf(error) === "unsigned" ? refusal(error) : describe(error, undefined);
    }
  }

  /** @throws the contract's errors */
  async call<Output>(send: Send<Output>, options: CallOptions = {}): Promise<Output> {
    const { queue, publishes = false } = options;
    try {
      return await this.#repeat(send, { ...options, most: (kind) => mostAttempts(kind, publishes) });
    } catch (error) {
      throw describe(error, queue, publishes);
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
    this.#polling?.destroy();
  }

  /** @param options `most`: how often it is made, by what went wrong. */
  async #repeat<Output>(
    send: Send<Output>,
    options: CallOptions & { readonly most: (kind: FailureKind) => number },
  ): Promise<Output> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(send, options);
      } catch (error) {
        if (attempt >= options.most(kindOf(error)) || this.closing.aborted) throw error;
      }
      await this.pause(attempt - 1);
    }
  }

  async #once<Output>(send: Send<Output>, options: CallOptions): Promise<Output> {
    try {
      return await this.#send(send, options);
    } catch (error) {
      // The SDK has learnt from the refusal how far our clock is off.
      if (isClockCorrected(error)) return await this.#send(send, options);
      throw error;
    }
  }

  async #send<Output>(send: Send<Output>, options: CallOptions): Promise<Output> {
    const { timeoutMs = answerMs, polls = false, publishes = false } = options;
    const deadline = this.#clock.deadline(timeoutMs);
    const client = polls ? (this.#polling ??= this.#pollingClient()) : this.#client;
    // Any other call is made again over the next connection.
    if (publishes) this.#sockets.dropIdle();
    try {
      return await send(client, { abortSignal: AbortSignal.any([deadline.signal, this.closing]) });
    } finally {
      deadline.cancel();
    }
  }

  #pollingClient(): SQSClient {
    return new SQSClient(configOf(this.#target, new KeptSockets(Infinity, this.#clock)));
  }
}

function isClockCorrected(error: unknown): boolean {
  if (!(error instanceof Error) || !clockRefusal.test(error.name)) return false;
  const { $metadata } = error as { readonly $metadata?: { readonly clockSkewCorrected?: boolean } };
  return $metadata?.clockSkewCorrected === true;
}

/** What may have been accepted is not published again unasked. */
function mostAttempts(kind: FailureKind, publishes = false): number {
  return publishes && kind === "broken" ? 1 : (maxAttempts[kind] ?? 1);
}

function configOf({ region, endpoint, credentials }: SqsTarget, { agents }: KeptSockets): SQSClientConfig {
  const home = endpoint === undefined ? {} : { endpoint, region: ownRegion(endpoint) ?? "us-east-1" };
  return {
    ...home,
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials: named(credentials) }),
    // The host in a queue's URL need not be reachable from here, or meant: the SDK may be told elsewhere of an endpoint in a VPC, of FIPS or of IPv6.
    useQueueUrlAsEndpoint: false,
    // Tries are made here, where they end with the connection and go by its clock.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: answerMs, ...agents },
  };
}

/** Whatever a provider of the user's throws is known as what it is. */
function named(credentials: SqsCredentials): SqsCredentials {
  if (typeof credentials !== "function") return credentials;
  return async (...given) => {
    try {
      return await credentials(...given);
    } catch (error) {
      const message = errorText(error);
      throw Object.assign(new Error(message, { cause: error }), { name: "CredentialsProviderError" });
    }
  };
}

function refusal(error: unknown): Error {
  return transportError({ kind: "denied", text: textOf(error), cause: error });
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${maskSecrets(error.message)}` : String(error);
}

function describe(error: unknown, queue: string | undefined, publishes = false): Error {
  const text = textOf(error);
  if (publishes && kindOf(error) === "broken") {
    const outcome = `SQS, queue "${queue ?? "?"}": ${text}. No answer came; the messages may have been accepted.`;
    return new PublishUncertainError(outcome, { cause: error });
  }
  return transportError({ kind: kindOf(error), text, queue, cause: error });
}
