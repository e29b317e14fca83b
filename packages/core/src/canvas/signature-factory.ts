import type { NeedsNothing, Signature } from "./signature.ts";

/** `task.s`: a signature of a task with its last arguments, or all of them. Those before come from the step before it. */
export type SignatureFactory<Args extends readonly unknown[], Result> = <Given extends Tails<Args>>(
  ...given: Given
) => Signature<Missing<Args, Given>, Result>;

/** `task.si`: a signature of a task with all of its arguments, which takes nothing from the step before it. */
export type ImmutableSignatureFactory<Args extends readonly unknown[], Result> = (
  ...args: Args
) => Signature<NeedsNothing, Result>;

/** Parameters that are looked at, one by one. */
type MaxParameters = 10;

/** Whether a rest parameter is all that is left. One with required parameters behind it cannot be taken apart either. */
type OnlyRest<Args extends readonly unknown[]> = Args extends readonly [...unknown[], unknown]
  ? true
  : Args[number][] extends Args
    ? true
    : false;

/** Every end of an argument list, from all of it to nothing. `Dropped` bounds the search, which the compiler wants to see end. */
type Tails<Args extends readonly unknown[], Dropped extends readonly unknown[] = []> =
  | Args
  | (Dropped["length"] extends MaxParameters
      ? never
      : Args extends readonly [unknown, ...infer Rest]
        ? Tails<Rest, [...Dropped, unknown]>
        : Args extends readonly []
          ? never
          : OnlyRest<Args> extends true
            ? never
            : Args extends readonly [_?: unknown, ...rest: infer Rest]
              ? Tails<Rest, [...Dropped, unknown]>
              : never);

/** What may come before the given arguments: with optional parameters there can be several ways. */
type Missing<Args extends readonly unknown[], Given extends readonly unknown[]> = MissingFrom<Args, Given, Args, []>;

type MissingFrom<
  Args extends readonly unknown[],
  Given extends readonly unknown[],
  Rest extends readonly unknown[],
  Head extends readonly unknown[],
> =
  | (readonly [...Head, ...Given] extends Readonly<Args> ? Head : never)
  | (Rest extends readonly [infer Next, ...infer Others]
      ? MissingFrom<Args, Given, Others, [...Head, Next]>
      : Rest extends readonly []
        ? never
        : OnlyRest<Rest> extends true
          ? Head["length"] extends MaxParameters
            ? never
            : MissingFrom<Args, Given, Rest, [...Head, Rest[number]]>
          : Rest extends readonly [_?: infer Next, ...rest: infer Others]
            ? MissingFrom<Args, Given, Others, [...Head, Next]>
            : never);
