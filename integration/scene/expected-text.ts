import { expect } from "vitest";

/** Matches any text with this part. What vitest gives is `any`, which tests must not pass on. */
export function textWith(part: string): unknown {
  return expect.stringContaining(part);
}

/** Matches any text of this form. */
export function textLike(form: RegExp): unknown {
  return expect.stringMatching(form);
}
