import { LovageError } from "@lovage/foundation";

/** A value that cannot travel: JSON has no form for it and Celery has no tag. Nothing was sent. Code `PAYLOAD_ENCODE`. */
export class PayloadEncodeError extends LovageError {
  /** Where the value is, such as `args[0].user.tags`. */
  readonly path: string;

  /**
   * @param message What the value is and what to send instead; names the path.
   * @param options The path, and what led here.
   */
  constructor(message: string, { path, ...rest }: { readonly path: string; readonly cause?: unknown }) {
    super(message, { ...rest, code: "PAYLOAD_ENCODE" });
    this.path = path;
  }
}

/** Arguments or a result with more bytes than the limit. Nothing was sent or stored. Code `PAYLOAD_TOO_LARGE`. */
export class PayloadTooLargeError extends LovageError {
  /** Bytes of the payload; a lower bound where counting stopped at the limit. */
  readonly bytes: number;
  /** The limit. */
  readonly maxBytes: number;

  /**
   * @param subject Whose payload it is, such as `Arguments of task "shop.add"`.
   * @param size What was counted and what is allowed.
   */
  constructor(
    subject: string,
    size: { readonly bytes: number; readonly maxBytes: number; readonly atLeast?: boolean },
  ) {
    const { bytes, maxBytes, atLeast = false } = size;
    super(
      `${subject}: ${atLeast ? "at least " : ""}${bytes} bytes, and the limit is ${maxBytes}. Pass a reference (a file, a row, an object key) instead of the data.`,
      { code: "PAYLOAD_TOO_LARGE" },
    );
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }
}

/** Arguments that the task's input schema refuses, at the sender or at the worker. Code `PAYLOAD_INVALID`. */
export class PayloadValidationError extends LovageError {
  /** One text for each fault, such as `args[0].email: Invalid email`. */
  readonly issues: readonly string[];

  /**
   * @param task Name of the task.
   * @param issues What the schema said, bounded in number and length.
   */
  constructor(task: string, issues: readonly string[]) {
    super(`Arguments of task "${task}" do not fit its input schema: ${issues.join("; ")}`, { code: "PAYLOAD_INVALID" });
    this.issues = issues;
  }
}

/** What is wrong with a message that cannot be decoded. */
export type DecodeFault =
  /** Missing content type, or one that is not accepted (pickle, YAML, …). */
  | "content-type"
  /** Not UTF-8, or an unknown content encoding. */
  | "encoding"
  /** Unknown compression, or bytes that do not decompress. */
  | "compression"
  /** More bytes than the limit, compressed or not. */
  | "too-large"
  /** Nested more deeply than the limit. */
  | "too-deep"
  /** Not JSON. */
  | "syntax"
  /** JSON, but not that of a task or a result. */
  | "shape"
  /** A header is missing or of a wrong type. */
  | "header";

/** A message or a result document that is not what it should be. The same bytes fail again. Code `PAYLOAD_DECODE`. */
export class PayloadDecodeError extends LovageError {
  /** What is wrong. */
  readonly fault: DecodeFault;
  /** Id of the task, where it could be read. */
  readonly taskId: string | undefined;
  /** Name of the task, where it could be read. */
  readonly task: string | undefined;

  /**
   * @param message What came and what was expected.
   * @param options The kind of fault, what is known of the task, and what led here.
   */
  constructor(
    message: string,
    options: {
      readonly fault: DecodeFault;
      readonly taskId?: string | undefined;
      readonly task?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    const { fault, taskId, task, ...rest } = options;
    super(message, { ...rest, code: "PAYLOAD_DECODE" });
    this.fault = fault;
    this.taskId = taskId;
    this.task = task;
  }
}

/** What a task returned cannot be stored as its result. Code `RESULT_ENCODE`. */
export class ResultEncodeError extends LovageError {
  /** Where the value is, such as `result.user.tags`. */
  readonly path: string;

  /**
   * @param message What the value is and what to return instead; names the path.
   * @param options The path, and what led here.
   */
  constructor(message: string, { path, ...rest }: { readonly path: string; readonly cause?: unknown }) {
    super(message, { ...rest, code: "RESULT_ENCODE" });
    this.path = path;
  }
}
