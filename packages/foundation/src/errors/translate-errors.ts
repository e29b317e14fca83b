/**
 * What `work` gives; what it throws goes through `translate` first.
 * @param translate Gives an error of a client in the terms of a contract, and any other as it is.
 */
export async function translateErrors<T>(
  work: () => T | Promise<T>,
  translate: (error: unknown) => unknown,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(error);
  }
}
