import { maskSecrets } from "../secrets/mask-secrets.ts";

/**
 * The mark that every Lovage error carries. A registered symbol is the same value in every copy of this package and in
 * every realm, where `instanceof` would answer no for an error that was made by another copy.
 */
const brand = Symbol.for("lovage.error");

/** What a {@link LovageError} is made of, beside its message. */
export interface LovageErrorOptions {
  /** Stable, upper-case name of the failure, such as `OPTION_INVALID`. Part of the public API; listed in the docs. */
  readonly code: string;
  /** What led to this error: usually the client library's own error. */
  readonly cause?: unknown;
  /**
   * Whether the same call may succeed when it is made again without any change.
   * @default false
   */
  readonly retryable?: boolean | undefined;
}

/** A {@link LovageError} as plain data, for logs and for the wire. */
export interface LovageErrorJson {
  /** Class name of the error. */
  readonly name: string;
  /** Stable code of the error. */
  readonly code: string;
  /** Message with its secrets masked. */
  readonly message: string;
  /** Whether the same call may succeed when it is made again. */
  readonly retryable: boolean;
}

/**
 * The base of every error that Lovage throws. Secrets in the message are masked when the error is made, so that
 * neither `message` nor `stack` holds them. Recognise it by {@link isLovageError} or {@link hasCode}.
 */
export class LovageError extends Error {
  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  /** Stable, upper-case name of the failure. */
  readonly code: string;
  /** Whether the same call may succeed when it is made again without any change. */
  readonly retryable: boolean;

  /**
   * @param message What happened, to which task or queue, and what to do. Secrets in URLs are masked.
   * @param options The code, the cause and whether a retry can help.
   */
  constructor(message: string, options: LovageErrorOptions) {
    super(maskSecrets(message), "cause" in options ? { cause: options.cause } : undefined);
    this.code = options.code;
    this.retryable = options.retryable ?? false;
  }

  /** Class name of the error. A getter, so that the stack's first line has it too and subclasses need not repeat it. */
  override get name(): string {
    return this.constructor.name;
  }

  /** The error as plain data; without stack and cause, which may hold what must not leave the process. */
  toJSON(): LovageErrorJson {
    return { name: this.name, code: this.code, message: this.message, retryable: this.retryable };
  }
}

/** Whether a value is a {@link LovageError}, of this copy of the package or of another. */
export function isLovageError(value: unknown): value is LovageError {
  return typeof value === "object" && value !== null && Reflect.get(value, brand) === true;
}

/**
 * Whether a value is an error with this code, or with one of these codes. Works for Lovage's errors and for those of
 * Node and client libraries that have a `code` and a message.
 */
export function hasCode(value: unknown, code: string | readonly string[]): value is Error & { readonly code: string } {
  if (typeof value !== "object" || value === null) return false;
  const { code: actual, message } = value as { readonly code?: unknown; readonly message?: unknown };
  if (typeof actual !== "string" || typeof message !== "string") return false;
  return typeof code === "string" ? actual === code : code.includes(actual);
}
