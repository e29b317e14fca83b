/** What comes of what a task has returned: `undefined` travels as `null`, since JSON does not have it. Nothing is made of `void`, which nobody reads. */
export type Received<Result> = undefined extends Result
  ? [Result] extends [void]
    ? void extends Result
      ? Result
      : null
    : Exclude<Result, undefined> | null
  : Result;
