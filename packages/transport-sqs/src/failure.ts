import { isLovageError } from "@lovage/foundation";
import { QueueNotFoundError, TransportRejectedError, TransportUnavailableError } from "@lovage/transport";

/**
 * What kept SQS from doing its work.
 *
 * | kind | what happened | done | tried again |
 * |---|---|---|---|
 * | `busy` | too many calls, or a fault of the service's own (5xx) | no | at once, with back-off |
 * | `broken` | the connection ended, or no answer came in time | not known | a few times |
 * | `unreachable` | nobody listens there, or there is no such host | no | by reconnection |
 * | `missing` | there is no such queue | no | no |
 * | `denied` | wrong credentials, or a permission is missing | no | no |
 * | `lost` | the receipt handle counts no more | no | no |
 * | `invalid` | anything else that SQS will not do | no | no |
 */
export type FailureKind = "busy" | "broken" | "unreachable" | "missing" | "denied" | "lost" | "invalid";

const names: readonly (readonly [words: RegExp, kind: FailureKind])[] = [
  [
    /^(Throttl|RequestThrottled|RequestLimitExceeded|TooManyRequests|SlowDown|OverLimit|Kms(Throttled|InternalError))/,
    "busy",
  ],
  [/^(ServiceUnavailable|InternalError|InternalFailure|InternalServerError|RequestTimeout$)/, "busy"],
  [/^(QueueDoesNotExist|NonExistentQueue|QueueDeletedRecently)/, "missing"],
  [
    /^(AccessDenied|UnrecognizedClient|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken|IncompleteSignature)/,
    "denied",
  ],
  [
    /^(InvalidSignature|MissingAuthenticationToken|OptInRequired|CredentialsProvider|KmsAccessDenied|InvalidSecurity)/,
    "denied",
  ],
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

/** The kind behind the code of an entry that failed in a batch. */
export function kindOfCode(code: string, isSendersFault = true): FailureKind {
  const known = names.find(([words]) => words.test(plainName(code)))?.[1];
  return known ?? (isSendersFault ? "invalid" : "busy");
}

/** The kind of what a call of the SDK was rejected with. */
export function kindOf(error: unknown): FailureKind {
  if (!(error instanceof Error)) return "invalid";
  const code: unknown = Reflect.get(error, "code");
  const text = typeof code === "string" ? code : "";
  if (unreachable.test(text)) return "unreachable";
  if (broken.test(text) || /^(TimeoutError|AbortError|DeadlineError)$/.test(error.name)) return "broken";
  const kind = kindOfCode(error.name);
  return kind === "invalid" ? kindOfAnswer(error) : kind;
}

/** Of an error whose name says nothing. */
function kindOfAnswer(error: Error & { readonly $metadata?: { readonly httpStatusCode?: number } }): FailureKind {
  const status = error.$metadata?.httpStatusCode ?? 0;
  if (status >= 500 || status === 429) return "busy";
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
  const isPassing = kind === "busy" || kind === "broken" || kind === "unreachable";
  return isPassing ? new TransportUnavailableError(message, { cause }) : new TransportRejectedError(message, { cause });
}

function adviceFor(kind: FailureKind, text: string): string {
  return setUp.find(([sign]) => sign.test(text))?.[1] ?? advice[kind];
}

/** What newcomers stumble over, and what to do. */
const setUp: readonly (readonly [sign: RegExp, advice: string])[] = [
  [/Region is missing/, 'Set it: `region`, "?region=" in the URL, or AWS_REGION in the environment.'],
  [
    /wrong version number|packet length too long/,
    'It does not speak TLS at this port. Without TLS it is reached by `endpoint: "http://…"`, or "?endpoint=http://…" in the URL.',
  ],
];

const advice: Readonly<Record<FailureKind, string>> = {
  busy: "It was tried several times and is tried again later.",
  broken: "The connection ended or no answer came in time; it is tried again.",
  unreachable: "Check endpoint, region and network; it is tried again.",
  missing: "There is no such queue.",
  denied: "Check the credentials and the IAM policy (docs/sqs.md lists the actions).",
  lost: "The message is not ours any more.",
  invalid: "SQS will not do this.",
};
