import { codeOf } from "./code-of.ts";

/** The code with which something is refused; undefined when it is not. */
export async function refusedCode(attempt: Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}
