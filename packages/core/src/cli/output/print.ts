import { hasCode } from "@lovage/foundation";

/**
 * Writes what was asked for to standard output; resolves once it is handed to the system, so that the process may end.
 * @throws what the system says where it takes no more, such as ENOSPC
 */
export async function print(text: string): Promise<void> {
  const error = await write(process.stdout, text);
  // Whoever reads may have gone away (`lovage queues | head -1`), and then there is nobody to tell.
  if (error instanceof Error && !hasCode(error, ["EPIPE", "ECONNRESET", "EIO"])) throw error;
}

/** Writes what is about the work, not its product, to standard error; where it takes no more there is nowhere to say so. */
export async function printNote(text: string): Promise<void> {
  await write(process.stderr, text);
}

/** Writes a value as JSON: one document, indented, ended by a line feed. */
export function printJson(value: unknown): Promise<void> {
  return print(`${JSON.stringify(value, undefined, 2)}\n`);
}

function write(stream: NodeJS.WriteStream, text: string): Promise<Error | null | undefined> {
  return new Promise((resolve) => stream.write(text, (error) => resolve(error)));
}
