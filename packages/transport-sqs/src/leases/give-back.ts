import { putBack, type Return } from "./put-back.ts";
import type { SqsContext } from "../sqs-context.ts";

/** {@link putBack} where nobody is left to hear of a failure. Never rejects: what cannot go back comes again when its lease has ended, as lost once more, though nobody had it. */
export async function giveBack(context: SqsContext, queue: string, returns: readonly Return[]): Promise<void> {
  if (returns.length === 0) return;
  const tell = (count: number, error: unknown): void => {
    const text = `${count} messages of queue "${queue}" could not be given back: the end of their leases counts as a loss.`;
    context.log.warn(text, { code: "not-given-back", error: String(error) });
  };
  try {
    const failures = await putBack(context, await context.directory.require(queue), returns);
    if (failures[0] !== undefined) tell(failures.length, failures[0].error);
  } catch (error) {
    tell(returns.length, error);
  }
}
