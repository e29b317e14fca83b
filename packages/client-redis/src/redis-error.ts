import { isLovageError, LovageError, maskSecrets, tlsAdviceFor } from "@lovage/foundation";

/**
 * What kept Redis from doing its work.
 *
 * | kind | what happened | written | the same call may succeed later |
 * |---|---|---|---|
 * | `unavailable` | it cannot be reached, is loading, busy with a script, or has become a replica | no | yes |
 * | `broken` | the connection ended between the call and its answer | not known | yes |
 * | `full` | `maxmemory` is reached and nothing may be evicted | no | not soon |
 * | `disk` | it cannot save to its disk and refuses writes (`MISCONF`) | no | yes, once there is space |
 * | `denied` | wrong password, a certificate that cannot be trusted, or the user may not do this | no | no |
 * | `other` | a fault in a command or script | no | no |
 */
export type RedisErrorKind = "unavailable" | "broken" | "full" | "disk" | "denied" | "other";

const passing: ReadonlySet<RedisErrorKind> = new Set<RedisErrorKind>(["unavailable", "broken", "disk"]);

/** Redis refused or failed. Drivers turn it into an error of their contract, by its kind. Code `REDIS_FAILED`. */
export class RedisError extends LovageError {
  readonly kind: RedisErrorKind;

  constructor(message: string, options: { readonly kind: RedisErrorKind; readonly cause?: unknown }) {
    super(message, { code: "REDIS_FAILED", retryable: passing.has(options.kind), cause: options.cause });
    this.kind = options.kind;
  }
}

/** Whether a value is a {@link RedisError}, of this copy of the package or of another. */
export function isRedisError(value: unknown): value is RedisError {
  return isLovageError(value) && value.code === "REDIS_FAILED";
}

/** First words of Redis' replies (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors). */
const replies: readonly (readonly [words: RegExp, kind: RedisErrorKind])[] = [
  [/^OOM\b/, "full"],
  [/^MISCONF\b/, "disk"],
  [/^(READONLY|LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|UNBLOCKED)\b/, "unavailable"],
  [/max number of clients/, "unavailable"],
  [/^(NOAUTH|WRONGPASS|NOPERM)\b|^ERR AUTH\b|invalid password/, "denied"],
];

/** The kind of what a call of the client was rejected with. */
function redisErrorKind(error: unknown): RedisErrorKind {
  if (!(error instanceof Error)) return "other";
  if (error.name !== "ReplyError") return connectionKind(error);
  return replies.find(([words]) => words.test(error.message))?.[1] ?? "other";
}

/** The client has no codes of its own: what it says when it did not send is its only sign. */
function connectionKind(error: Error): RedisErrorKind {
  const isUnsent = /enableOfflineQueue|connect ECONNREFUSED|All sentinels|None of startup nodes/i.test(error.message);
  return isUnsent ? "unavailable" : "broken";
}

/** Whether the server answered that it is a replica: a failover has happened, and the connection leads to the wrong server. */
export function isReadOnlyReply(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError" && error.message.startsWith("READONLY");
}

/** An error of the client, with the server's name in its text. */
export function toRedisError(error: unknown, where: string): RedisError {
  if (isRedisError(error)) return error;
  // What was sent stands in the error of the client: a password, or what a task was given.
  if (error instanceof Error) Reflect.deleteProperty(error, "command");
  // What a script was told may look like anything.
  const isReply = error instanceof Error && error.name === "ReplyError";
  const tlsAdvice = isReply ? undefined : tlsAdviceFor(error);
  const kind = tlsAdvice === undefined ? redisErrorKind(error) : "denied";
  const text = maskSecrets(error instanceof Error ? error.message : String(error));
  return new RedisError(`Redis at ${where}: ${text}${text.endsWith(".") ? "" : "."} ${tlsAdvice ?? advice[kind]}`, {
    kind,
    cause: error,
  });
}

const advice: Readonly<Record<RedisErrorKind, string>> = {
  unavailable: "It cannot serve now; it is tried again.",
  broken: "The connection ended before the answer came.",
  full: "Its memory is full (maxmemory): raise the limit, or let the queues be worked off.",
  disk: "It cannot save to its disk: look at the disk of the server.",
  denied: "Check user name, password and the user's ACL.",
  other: "The command failed.",
};
