import { isLovageError } from "@lovage/foundation";
import {
  QueueNotFoundError,
  TransportBusyError,
  TransportRejectedError,
  TransportUnavailableError,
} from "@lovage/transport";

/**
 * What kept SQS from doing its work.
 *
 * | kind | what happened | done | tried again |
 * |---|---|---|---|
 * | `busy` | too many calls, of one queue mostly; or what SQS does once a minute: a queue is to be made whose name was deleted, or one purged that was purged | no | at once, with back-off; it is no loss of the connection |
 * | `failing` | a fault of the service's own (5xx) | no | at once, with back-off |
 * | `broken` | the connection ended, or no answer came in time | not known | a few times |
 * | `unreachable` | nobody listens there, or there is no such host | no | by reconnection |
 * | `missing` | there is no such queue | no | no |
 * | `unsigned` | there are no valid credentials at present: they could not be fetched, or have expired | no | by reconnection |
 * | `denied` | wrong credentials, or a permission is missing | no | no |
 * | `lost` | the receipt handle counts no more | no | no |
 * | `invalid` | anything else that SQS will not do | no | no |
 */
export type FailureKind =
  | "busy"
  | "failing"
  | "broken"
  | "unreachable"
  | "missing"
  | "unsigned"
  | "denied"
  | "lost"
  | "invalid";

const names: readonly (readonly [words: RegExp, kind: FailureKind])[] = [
  [
    /^(Throttl|RequestThrottled|RequestLimitExceeded|TooManyRequests|SlowDown|OverLimit|Kms(Throttled|InternalError))/,
    "busy",
  ],
  [/^(QueueDeletedRecently|PurgeQueueInProgress)/, "busy"],
  [/^(ServiceUnavailable|InternalError|InternalFailure|InternalServerError|RequestTimeout$)/, "failing"],
  [/^(QueueDoesNotExist|NonExistentQueue)/, "missing"],
  // Where they come from: the SDK's providers, and the token service behind them.
  [/^(CredentialsProvider|ProviderError|TokenProvider|InstanceMetadata|IDP|InvalidIdentityToken)/, "unsigned"],
  // Keys that were made, or replaced, a moment ago are not known everywhere.
  [/^(ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidSecurity)/, "unsigned"],
  [/^(AccessDenied|SignatureDoesNotMatch|IncompleteSignature|InvalidSignature)/, "denied"],
  [/^(MissingAuthenticationToken|OptInRequired|KmsAccessDenied)/, "denied"],
  [/^(ReceiptHandleIsInvalid|MessageNotInflight|InvalidIdFormat)/, "lost"],
];

const unreachable = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;
const broken = /^(ECONNRESET|EPIPE|ETIMEDOUT|UND_ERR_SOCKET|ERR_STREAM_PREMATURE_CLOSE)$/;

/** The name of an error without what some emulators write before it and the SDK behind it. */
function plainName(name: string): string {
  return (name.split(/[.#]/).at(-1) ?? name).replace(/(Exception|Error)$/, (ending) =>
    ending === "Error" ? ending : "",
  );
}

/**
 * How SQS says under the name InvalidParameterValue that a message is gone or a handle has expired: "Value … for parameter ReceiptHandle is invalid.
 * Reason: Message does not exist or is not available for visibility timeout change."
 */
const handleIsInvalid = /parameter ReceiptHandle is invalid/;

/** The kind behind code and message of an entry that failed in a batch. */
export function kindOfCode(code: string, isSendersFault = true, message = ""): FailureKind {
  const name = plainName(code);
  const known = names.find(([words]) => words.test(name))?.[1];
  if (known !== undefined) return known;
  if (name === "InvalidParameterValue" && handleIsInvalid.test(message)) return "lost";
  return isSendersFault ? "invalid" : "busy";
}

/** The kind of what a call of the SDK was rejected with. */
export function kindOf(error: unknown): FailureKind {
  if (!(error instanceof Error)) return "invalid";
  const code: unknown = Reflect.get(error, "code");
  const text = typeof code === "string" ? code : "";
  if (unreachable.test(text)) return "unreachable";
  if (broken.test(text) || /^(TimeoutError|AbortError|DeadlineError)$/.test(error.name)) return "broken";
  const kind = kindOfCode(error.name, true, error.message);
  return kind === "invalid" ? kindOfAnswer(error) : kind;
}

/** Of an error whose name says nothing. */
function kindOfAnswer(error: Error & { readonly $metadata?: { readonly httpStatusCode?: number } }): FailureKind {
  const status = error.$metadata?.httpStatusCode ?? 0;
  if (status === 429) return "busy";
  if (status >= 500) return "failing";
  // An answer that is none of the protocol's comes from something between us and SQS, or from a part of one.
  return error instanceof SyntaxError || /socket hang up|aborted/i.test(error.message) ? "broken" : "invalid";
}

/** Where and with what it went wrong. */
export interface FailureContext {
  readonly kind: FailureKind;
  readonly text: string;
  readonly queue?: string | undefined;
  readonly cause?: unknown;
}

/** A failure as the contract has it. */
export function transportError({ kind, text, queue, cause }: FailureContext): Error {
  if (isLovageError(cause) && cause instanceof Error) return cause;
  if (kind === "missing" && queue !== undefined) return new QueueNotFoundError(queue);
  const where = queue === undefined ? "SQS" : `SQS, queue "${queue}"`;
  // Errors of TLS end in a line break.
  const line = text.trim();
  const message = `${where}: ${line}${line.endsWith(".") ? "" : "."} ${adviceFor(kind, line)}`;
  if (kind === "busy") return new TransportBusyError(message, { cause });
  const isPassing = kind === "failing" || kind === "broken" || kind === "unreachable" || kind === "unsigned";
  return isPassing ? new TransportUnavailableError(message, { cause }) : new TransportRejectedError(message, { cause });
}

function adviceFor(kind: FailureKind, text: string): string {
  return signs.find(([sign]) => sign.test(text))?.[1] ?? advice[kind];
}

/** What newcomers stumble over, or whoever is in a hurry, and what to do. */
const signs: readonly (readonly [sign: RegExp, advice: string])[] = [
  [/Region is missing/, 'Set it: `region`, "?region=" in the URL, or AWS_REGION in the environment.'],
  [
    /wrong version number|packet length too long/,
    'It does not speak TLS at this port. Without TLS it is reached by `endpoint: "http://…"`, or "?endpoint=http://…" in the URL.',
  ],
  [/PurgeQueueInProgress/, "SQS purges a queue once a minute: purge it again when that has passed."],
];

const advice: Readonly<Record<FailureKind, string>> = {
  busy: "It was tried several times.",
  failing: "It was tried several times.",
  broken: "The connection ended or no answer came in time.",
  unreachable: "Check endpoint, region and network.",
  missing: "There is no such queue.",
  unsigned: "Check the credentials and where they come from.",
  denied: "Check the credentials and the IAM policy (docs/sqs.md lists the actions).",
  lost: "The message is not ours any more.",
  invalid: "SQS will not do this.",
};
