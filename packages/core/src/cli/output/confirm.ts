import { createInterface } from "node:readline/promises";
import { printNote } from "./print.ts";

/** Asks on the terminal; only a clear yes is one, and an ended input is a no. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<undefined>((resolve) => terminal.once("close", () => resolve(undefined)));
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
    // Nobody has ended the line of the question.
    if (answer === undefined) await printNote("\n");
    return answer !== undefined && /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
