import { describe, expect, it } from "vitest";
import { PublishError, QueueNotFoundError } from "./errors.ts";
import { failureOfPublish } from "./failure-of-publish.ts";

const missing = (index: number, queue: string) => ({
  index,
  messageId: `m${index}`,
  error: new QueueNotFoundError(queue),
});

describe("what a publish rejects with", () => {
  it("is the reason, where it is the same for all of the batch", () => {
    const failures = [missing(0, "a"), missing(1, "a")];
    expect(failureOfPublish(failures, 2)).toBe(failures[0]?.error);
  });

  it("names what was not accepted, where something was", () => {
    const failure = failureOfPublish([missing(1, "a")], 2);
    expect(failure).toBeInstanceOf(PublishError);
  });

  it("names each message, in the order of the batch, where reasons of one code are about different things", () => {
    const failure = failureOfPublish([missing(1, "b"), missing(0, "a")], 2) as PublishError;
    expect(failure.failures.map(({ error }) => (error as QueueNotFoundError).message)).toEqual([
      expect.stringContaining('"a"'),
      expect.stringContaining('"b"'),
    ]);
  });
});
