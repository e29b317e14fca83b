/** How a body ends that holds nothing but arguments, as Lovage sends it to its own workers. */
const tail = ",{},{}]";
/** Of a longer one the arguments are nearly all, so that there is little to save. */
const longest = 1_024;

/**
 * The arguments of a body that holds nothing else, which most do: read alone they take two thirds of the time. `undefined` for any other body, also for a broken one: it is
 * for the general reader, which knows what to say.
 */
export function decodePlainBody(text: string): readonly unknown[] | undefined {
  if (text.length > longest || !text.startsWith("[[") || !text.endsWith(tail)) return undefined;
  try {
    // What is one JSON value between the bracket and the tail is the first element, whatever it holds.
    return JSON.parse(text.slice(1, -tail.length)) as readonly unknown[];
  } catch {
    // The general reader meets the same fault, and tells it.
    return undefined;
  }
}
