import { isLovageError } from "@lovage/foundation";
import { InvalidArgumentError } from "commander";

/** A reader of an option's text whose errors are shown as faults of that option, with the exit code of wrong usage. */
export function optionValue<Value>(read: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      if (!isLovageError(error)) throw error;
      throw new InvalidArgumentError(error.message);
    }
  };
}

/** As {@link optionValue}, for an argument that may stand several times. */
export function optionValues<Value>(
  read: (text: string) => Value,
): (text: string, before?: readonly Value[]) => readonly Value[] {
  const readOne = optionValue(read);
  return (text, before = []) => [...before, readOne(text)];
}
