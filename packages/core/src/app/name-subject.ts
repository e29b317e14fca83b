import { hasCode, NameError, OptionError } from "@lovage/foundation";

/**
 * An error of a check with what was checked before its message: of which task, of which schedule. Others stay as they are.
 * @param subject `Task "mail"`.
 */
export function nameSubject(error: unknown, subject: string): unknown {
  if (hasCode(error, "OPTION_INVALID")) {
    const { message, field } = error as OptionError;
    return new OptionError(`${subject}: ${message}`, { field, cause: error });
  }
  if (hasCode(error, "NAME_INVALID")) return new NameError(`${subject}: ${(error as NameError).message}`);
  return error;
}
