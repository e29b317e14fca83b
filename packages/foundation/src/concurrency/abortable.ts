/**
 * Waits for a promise, but no longer than until a signal aborts. The work behind the promise goes on; its late result
 * or error is dropped, because whoever aborted has been answered with the signal's reason. Leaves no listener behind.
 * @throws the signal's reason, when it aborts first; otherwise what the promise rejects with.
 */
export function abortable<T>(promise: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason as Error);
    const release = (): void => signal?.removeEventListener("abort", onAbort);
    // Listened to even when already aborted: a later rejection must not become an unhandled one.
    promise.then(resolve, reject).then(release, release);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
  });
}
