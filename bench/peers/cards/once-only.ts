/** Makes something at the first call; later calls get the same. */
export function onceOnly<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined;
  return () => (made ??= { it: make() }).it;
}
