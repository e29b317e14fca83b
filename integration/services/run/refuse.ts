import { expect, test } from "vitest";
import type { DeskRefusal } from "./desk-question.ts";

/** Stands in for the tests of a service that is not there: one that is skipped and says why, or one that fails. */
export function refuse(refusal: DeskRefusal): void {
  const isSkipped = "missing" in refusal;
  const reason = isSkipped ? refusal.missing : refusal.failure;
  test("is covered", (context) => {
    context.skip(isSkipped, reason);
    expect.fail(reason);
  });
}
