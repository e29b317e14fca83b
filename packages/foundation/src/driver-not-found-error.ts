import { LovageError } from "./error.ts";

/** No package for a URL's scheme is installed where Lovage looks for it. */
export class DriverNotFoundError extends LovageError {
  /** The package to install. */
  readonly packageName: string;
  /** The command that installs it, such as `npm install @lovage/transport-redis`. */
  readonly installCommand: string;

  /**
   * @param message What was looked for and where; ends with the command.
   * @param options The package and the command that installs it.
   */
  constructor(message: string, options: { readonly packageName: string; readonly installCommand: string }) {
    super(message, { code: "DRIVER_NOT_FOUND" });
    this.packageName = options.packageName;
    this.installCommand = options.installCommand;
  }
}
