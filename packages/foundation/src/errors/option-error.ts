import { LovageError } from "./error.ts";

/** One option has a value that it cannot take. */
export class OptionError extends LovageError {
  /** Name of the option as the user writes it, such as `retryBackoff`. */
  readonly field: string;

  /**
   * @param message What came and what is accepted; names the option.
   * @param options `field`: name of the option. `cause`: another error that led here.
   */
  constructor(message: string, options: { readonly field: string; readonly cause?: unknown }) {
    const { field, ...rest } = options;
    super(message, { ...rest, code: "OPTION_INVALID" });
    this.field = field;
  }
}
