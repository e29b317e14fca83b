import { errorText, hasCode, isLovageError, LovageError, maskSecrets } from "@lovage/foundation";

/**
 * What kept PostgreSQL from doing its work.
 *
 * | kind | what happened | written | the same call may succeed later |
 * |---|---|---|---|
 * | `unavailable` | it cannot be reached, is starting, has no connection free, or has become a standby | no | yes |
 * | `broken` | the connection ended between the call and its answer | not known | yes |
 * | `conflict` | a deadlock, a serialization failure, or a lock that was not to be had | no | yes, at once |
 * | `timeout` | `statement_timeout` has passed, or somebody cancelled the statement | no | yes |
 * | `missing` | a table, function or schema of ours is not there | no | once it is made |
 * | `full` | its disk is full | no | once there is space |
 * | `denied` | wrong password, no such database, or the role may not do this | no | no |
 * | `other` | a fault in a statement | no | no |
 */
export type PostgresErrorKind =
  | "unavailable"
  | "broken"
  | "conflict"
  | "timeout"
  | "missing"
  | "full"
  | "denied"
  | "other";

const passing: ReadonlySet<PostgresErrorKind> = new Set<PostgresErrorKind>([
  "unavailable",
  "broken",
  "conflict",
  "timeout",
  "missing",
  "full",
]);

/** PostgreSQL refused or failed. Drivers turn it into an error of their contract, by its kind. Code `POSTGRES_FAILED`. */
export class PostgresError extends LovageError {
  readonly kind: PostgresErrorKind;
  /** SQLSTATE, when the server gave one. */
  readonly sqlState: string | undefined;

  constructor(
    message: string,
    options: { readonly kind: PostgresErrorKind; readonly sqlState?: string | undefined; readonly cause?: unknown },
  ) {
    super(message, { code: "POSTGRES_FAILED", retryable: passing.has(options.kind), cause: options.cause });
    this.kind = options.kind;
    this.sqlState = options.sqlState;
  }
}

/** Whether a value is a {@link PostgresError}, of this copy of the package or of another. */
export function isPostgresError(value: unknown): value is PostgresError {
  return isLovageError(value) && value.code === "POSTGRES_FAILED";
}

/** What a standby answers to a write. */
export const readOnly = "25006";
/** Of a statement that the role may not run. */
export const insufficientPrivilege = "42501";

/** Whether a connection is of no more use after an error: it has ended, or may lead to a server that was the primary once. */
export function isSpent(error: unknown): boolean {
  if (!isPostgresError(error)) return sqlStateOf(error) === readOnly;
  return error.kind === "broken" || error.sqlState === readOnly;
}

/**
 * Whether a connection was refused, not a statement. Of a database that was open once this passes: a password is being changed, a certificate replaced, or a proxy has no
 * server; what is under way must not end as a fault of its own.
 */
export function isRefusedConnection(error: PostgresError): boolean {
  return error.kind === "denied" && error.sqlState !== insufficientPrivilege;
}

/** SQLSTATEs and their classes (https://www.postgresql.org/docs/current/errcodes-appendix.html); the first that fits. */
const states: readonly (readonly [beginning: string, kind: PostgresErrorKind])[] = [
  ["40001", "conflict"],
  ["40P01", "conflict"],
  ["55P03", "conflict"],
  // Whoever ended the session may have done so after the commit and before its answer.
  ["57P01", "broken"],
  ["57P02", "broken"],
  ["57P05", "broken"],
  ["25P03", "broken"],
  ["57P03", "unavailable"],
  ["57014", "timeout"],
  [readOnly, "unavailable"],
  ["53100", "full"],
  ["53", "unavailable"],
  ["08", "unavailable"],
  ["42P01", "missing"],
  ["42883", "missing"],
  ["3F000", "missing"],
  [insufficientPrivilege, "denied"],
  ["3D000", "denied"],
  ["28", "denied"],
];

/** Codes of Node's sockets for a server that was never reached. */
const unsent = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ENOENT", "ETIMEDOUT"];

function kindOf(error: unknown, sqlState: string | undefined): PostgresErrorKind {
  if (sqlState !== undefined) return states.find(([beginning]) => sqlState.startsWith(beginning))?.[1] ?? "other";
  if (hasCode(error, unsent)) return "unavailable";
  // Before the texts: a proxy whose server is away ends connections in the midst of TLS.
  if (hasCode(error, ["ECONNRESET", "EPIPE"])) return "broken";
  const text = errorText(error);
  // The client has no codes for these.
  if (
    /timeout expired|timeout exceeded when trying to connect|Cannot use a pool after|error establishing an SSL/i.test(
      text,
    )
  )
    return "unavailable";
  if (/not queryable|client was closed|Connection terminated|Connection ended|Query read timeout/i.test(text))
    return "broken";
  return /certificate|self-signed|SSL|TLS/i.test(text) ? "denied" : "other";
}

/** An error of the client, with the server's name in its text. */
export function toPostgresError(error: unknown, where: string): PostgresError {
  if (isPostgresError(error)) return error;
  const sqlState = sqlStateOf(error);
  const kind = kindOf(error, sqlState);
  const text = maskSecrets(textOf(error));
  return new PostgresError(`PostgreSQL at ${where}: ${text}${text.endsWith(".") ? "" : "."} ${advice[kind]}`, {
    kind,
    sqlState,
    cause: error,
  });
}

/** As {@link toPostgresError}, of a connection that is being made ready: one that broke before anything was asked has left nothing open. */
export function toErrorBeforeWork(error: unknown, where: string): PostgresError {
  const failure = toPostgresError(error, where);
  if (failure.kind !== "broken") return failure;
  return new PostgresError(failure.message, { kind: "unavailable", sqlState: failure.sqlState, cause: error });
}

/** Five characters that the server gave; Node's codes are longer words. */
export function sqlStateOf(error: unknown): string | undefined {
  const code: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && code !== "EPIPE" ? code : undefined;
}

/** A name with several addresses fails with one error for each. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(textOf).join("; ");
  return errorText(error);
}

const advice: Readonly<Record<PostgresErrorKind, string>> = {
  unavailable: "It cannot be reached or cannot serve now: is it running, and is the address right?",
  broken: "The connection ended before the answer came.",
  conflict: "Another session was in the way; it is tried again.",
  timeout: "The statement was ended before it was done; look for long locks.",
  missing: "The tables of Lovage are not there: run `lovage schema apply`.",
  full: "Its disk is full: make space.",
  denied: "Check user, password, database, certificate and the rights of the role.",
  other: "The statement failed.",
};
