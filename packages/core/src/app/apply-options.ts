import type { Following } from "../canvas/signature.ts";
import type { CallOptions } from "./call-options.ts";

/** {@link CallOptions} with what follows the call. `Result` is what the task returns. */
export interface ApplyOptions<Result> extends CallOptions {
  /** Sent with the result when the task succeeds: signatures that take it, or (immutable) nothing. */
  readonly link?: Following<Result> | readonly Following<Result>[] | undefined;
  /** Sent with the id of the task when it fails for good. */
  readonly linkError?: Following<string> | readonly Following<string>[] | undefined;
}
