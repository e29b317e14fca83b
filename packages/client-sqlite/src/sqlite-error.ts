import { errorText, isLovageError, LovageError } from "@lovage/foundation";

/**
 * What kept SQLite from doing its work.
 *
 * | kind | what happened | the same call may succeed later |
 * |---|---|---|
 * | `busy` | another connection held the lock for longer than the call was allowed to wait | yes |
 * | `full` | the disk, or the limit on the file, is full | yes, once there is space |
 * | `io` | the operating system failed to read or write | yes |
 * | `cannot-open` | no such directory, no permission, too many open files | yes |
 * | `read-only` | the file or its directory may not be written | no |
 * | `corrupt` | the file is damaged, or no database | no |
 * | `other` | a fault in a statement | no |
 */
export type SqliteErrorKind = "busy" | "full" | "io" | "cannot-open" | "read-only" | "corrupt" | "other";

/** Primary result codes (https://www.sqlite.org/rescode.html); 15 is a lost race for the lock of the shared index. */
const kinds: ReadonlyMap<number, SqliteErrorKind> = new Map<number, SqliteErrorKind>([
  [5, "busy"],
  [6, "busy"],
  [8, "read-only"],
  [10, "io"],
  [11, "corrupt"],
  [13, "full"],
  [14, "cannot-open"],
  [15, "busy"],
  [26, "corrupt"],
]);

const lasting: ReadonlySet<SqliteErrorKind> = new Set<SqliteErrorKind>(["read-only", "corrupt", "other"]);

/** SQLite refused or failed. Drivers turn it into an error of their contract, by its kind. Code `SQLITE_FAILED`. */
export class SqliteError extends LovageError {
  readonly kind: SqliteErrorKind;
  /** It failed while it committed: the transaction does not show, but may come back with the recovery after a crash. */
  readonly committing: boolean;

  constructor(message: string, options: { kind: SqliteErrorKind; committing?: boolean; cause?: unknown }) {
    const { kind, committing = false, cause } = options;
    super(message, { code: "SQLITE_FAILED", retryable: !lasting.has(kind), cause });
    this.kind = kind;
    this.committing = committing;
  }
}

/** Whether a value is a {@link SqliteError}, of this copy of the package or of another. */
export function isSqliteError(value: unknown): value is SqliteError {
  return isLovageError(value) && value.code === "SQLITE_FAILED";
}

/** The kind of an error that `node:sqlite` threw; `undefined` for any other value. */
export function sqliteErrorKind(error: unknown): SqliteErrorKind | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if (Reflect.get(error, "code") !== "ERR_SQLITE_ERROR") return undefined;
  const result: unknown = Reflect.get(error, "errcode");
  // The low byte is the primary code; the rest tells only details.
  return (typeof result === "number" ? kinds.get(result & 0xff) : undefined) ?? "other";
}

/** Gives an error of `node:sqlite` its kind and the file's name; other errors pass unchanged. */
export function toSqliteError(
  error: unknown,
  where: { readonly path: string; readonly committing?: boolean },
): unknown {
  const kind = sqliteErrorKind(error);
  if (kind === undefined) return error;
  const text = errorText(error);
  return new SqliteError(`SQLite file ${where.path}: ${text} (${advice[kind]}).`, { ...where, kind, cause: error });
}

const advice: Readonly<Record<SqliteErrorKind, string>> = {
  busy: "another program holds the lock of the file; look for a long transaction",
  full: "the disk is full; nothing was written, free space and try again",
  io: "the operating system could not read or write it; look at the disk",
  "cannot-open": "the file cannot be opened; check the directory, its permissions and the limit on open files",
  "read-only": "the file or its directory may not be written; check their permissions",
  corrupt: "the file is damaged or no database; restore it from a backup or move it away",
  other: "the statement failed",
};
