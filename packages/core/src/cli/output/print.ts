/** Writes what was asked for to standard output; resolves once it is handed to the system, so that the process may end. */
export function print(text: string): Promise<void> {
  return write(process.stdout, text);
}

/** Writes what is about the work, not its product, to standard error. */
export function printNote(text: string): Promise<void> {
  return write(process.stderr, text);
}

/** Writes a value as JSON: one document, indented, ended by a line feed. */
export function printJson(value: unknown): Promise<void> {
  return print(`${JSON.stringify(value, undefined, 2)}\n`);
}

function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  // Whoever reads may have gone away (`lovage queues | head -1`), and then there is nobody to tell.
  return new Promise((resolve) => stream.write(text, () => resolve()));
}
