/**
 * The number in a cursor of revocations. One that cannot be read, of another backend, say, begins anew: whoever goes on from it would never hear of a revocation again.
 */
export function readCursor(after: string = ""): number {
  const number = Number(after);
  return /^\d+$/u.test(after) && Number.isSafeInteger(number) ? number : 0;
}
