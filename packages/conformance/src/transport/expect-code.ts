import { fail } from "node:assert/strict";
import { inspect } from "node:util";
import { isLovageError, type LovageError } from "@lovage/foundation";

/** Waits for a promise that must reject with a Lovage error of this code (or one of these), and gives the error. */
export async function expectCode(promise: Promise<unknown>, code: string | readonly string[]): Promise<LovageError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const expected = typeof code === "string" ? code : code.join(" or ");
  if (!("error" in outcome)) fail(`It should have been refused with ${expected}, and was accepted.`);
  return checkCode(outcome.error, code);
}

/** As {@link expectCode}, for what throws synchronously. */
export function expectThrownCode(call: () => unknown, code: string): LovageError {
  try {
    call();
  } catch (error) {
    return checkCode(error, code);
  }
  return fail(`It should have thrown ${code}, and returned.`);
}

function checkCode(error: unknown, code: string | readonly string[]): LovageError {
  const codes = typeof code === "string" ? [code] : code;
  if (isLovageError(error) && codes.includes(error.code)) return error;
  return fail(`It should have been refused with ${codes.join(" or ")}, and was with ${inspect(error)}`);
}
