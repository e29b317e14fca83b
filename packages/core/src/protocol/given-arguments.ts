/**
 * Arguments without the `undefined` at their end: as in JavaScript it says no more than that they were left out, and JSON has no form for it.
 * One before others is refused when it is encoded.
 */
export function givenArguments(args: readonly unknown[]): readonly unknown[] {
  let count = args.length;
  while (count > 0 && args[count - 1] === undefined) count -= 1;
  return count === args.length ? args : args.slice(0, count);
}
