import { LovageError } from "./error.ts";

/** No package for a URL's scheme is installed where Lovage looks for it. */
export class DriverNotFoundError extends LovageError {
  /** The package to install. */
  readonly packageName: string;
  /** The command that installs it, such as `npm install @lovage/transport-redis`; of Lovage's own drivers. */
  readonly installCommand: string | undefined;

  /**
   * @param message What was looked for and where, and what to do.
   * @param options The package and the command that installs it, where there is one.
   */
  constructor(message: string, options: { readonly packageName: string; readonly installCommand: string | undefined }) {
    super(message, { code: "DRIVER_NOT_FOUND" });
    this.packageName = options.packageName;
    this.installCommand = options.installCommand;
  }
}
