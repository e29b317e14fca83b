import { test } from "vitest";
import type { DeskRefusal } from "./desk-question.ts";

/** Stands in for the tests of a service that is not there: one that is skipped and says why, or one that fails. */
export function refuse(refusal: DeskRefusal): void {
  test("is covered", (context) => {
    if ("missing" in refusal) context.skip(refusal.missing);
    else throw new Error(refusal.failure);
  });
}
