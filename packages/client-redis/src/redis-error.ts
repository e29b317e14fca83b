import { errorText, isLovageError, LovageError, maskSecrets, tlsAdviceFor } from "@lovage/foundation";

/**
 * What kept Redis from doing its work.
 *
 * | kind | what happened | written | the same call may succeed later |
 * |---|---|---|---|
 * | `unavailable` | it cannot be reached, is loading, busy with a script, or has become a replica | no | yes |
 * | `moving` | a slot of the cluster is on its way from node to node; the other slots are served | no | yes |
 * | `away` | a node of the cluster cannot be reached, or does not serve its slots for now (it is loading, say); what others hold is served | no | yes |
 * | `broken` | the connection ended between the call and its answer | not known | yes |
 * | `unreplicated` | it is done, but too few replicas have it in time, or nobody can say how many | yes | yes |
 * | `full` | `maxmemory` is reached and nothing may be evicted | no | not soon |
 * | `disk` | it cannot save to its disk and refuses writes (`MISCONF`) | no | yes, once there is space |
 * | `denied` | wrong password, a certificate that cannot be trusted, or the user may not do this | no | no |
 * | `other` | a fault in a command or script | no | no |
 */
export type RedisErrorKind =
  | "unavailable"
  | "moving"
  | "away"
  | "broken"
  | "unreplicated"
  | "full"
  | "disk"
  | "denied"
  | "other";

const passing: ReadonlySet<RedisErrorKind> = new Set<RedisErrorKind>([
  "unavailable",
  "moving",
  "away",
  "broken",
  "unreplicated",
  "disk",
]);

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
  [/max number of clients|^ERR WAIT cannot be used with replica/, "unavailable"],
  // What a script may not do is told without the word NOPERM before 7.2.
  [/^(NOAUTH|WRONGPASS|NOPERM)\b|^ERR AUTH\b|^ERR The user executing the script can't|invalid password/, "denied"],
];

/** Whether the server has answered with an error. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

/** The kind of what a call of the client was rejected with. */
function redisErrorKind(error: unknown): RedisErrorKind {
  if (!(error instanceof Error)) return "other";
  if (!isReply(error)) return connectionKind(error);
  return replies.find(([words]) => words.test(error.message))?.[1] ?? "other";
}

/** The client has no codes of its own: what it says when it did not send is its only sign. */
function connectionKind(error: Error): RedisErrorKind {
  const isUnsent = /enableOfflineQueue|connect ECONNREFUSED|All sentinels|None of startup nodes/i.test(error.message);
  return isUnsent ? "unavailable" : "broken";
}

/** Whether the server wants a password from a connection that has none: it carries out nothing that comes over it. */
export function isNoAuthReply({ cause }: RedisError): boolean {
  return isReply(cause) && cause.message.startsWith("NOAUTH");
}

/** Whether the server answered that it is a replica: a failover has happened, and the connection leads to the wrong server. */
export function isReadOnlyReply(error: unknown): boolean {
  return isReply(error) && error.message.startsWith("READONLY");
}

/** Whether a server says that it does not serve for now: it loads its data, or its part of a cluster is not whole. It has carried nothing out. */
export function isPutOffReply(error: unknown): error is Error {
  return isReply(error) && /^(LOADING|CLUSTERDOWN|MASTERDOWN)\b/.test(error.message);
}

/** An error of the client, with the server's name in its text. */
export function toRedisError(error: unknown, where: string): RedisError {
  if (isRedisError(error)) return error;
  // What was sent stands in the error of the client: a password, or what a task was given.
  if (error instanceof Error) Reflect.deleteProperty(error, "command");
  // What a script was told may look like anything.
  const tlsAdvice = isReply(error) ? undefined : tlsAdviceFor(error);
  const kind = tlsAdvice === undefined ? redisErrorKind(error) : "denied";
  const text = maskSecrets(error instanceof Error ? wordsOf(error) : errorText(error));
  return new RedisError(`Redis at ${where}: ${text}${text.endsWith(".") ? "" : "."} ${tlsAdvice ?? advice[kind]}`, {
    kind,
    cause: error,
  });
}

/** Of a connection that has ended the client tells by an option of its own, which nobody has set. */
function wordsOf({ message }: Error): string {
  return message.includes("enableOfflineQueue") ? "the connection has ended" : message;
}

const advice: Readonly<Record<RedisErrorKind, string>> = {
  unavailable: "It cannot be reached or cannot serve now: is it running, and is the address right?",
  moving: "The slot is on its way from one node to another.",
  away: "What the other nodes of the cluster hold is served.",
  broken: "The connection ended before the answer came.",
  unreplicated: "A failover may lose what it has written.",
  full: "Its memory is full (maxmemory): raise the limit, or let the queues be worked off.",
  disk: "It cannot save to its disk: look at the disk of the server.",
  denied: "Check user name, password and the user's ACL.",
  other: "The command failed.",
};
