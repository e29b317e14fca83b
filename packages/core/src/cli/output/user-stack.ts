const maxLines = 20;

/** An error as its author wants to see it: message and stack without the frames inside Node, bounded. */
export function userStack(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? `${error.name}: ${error.message}`;
  const lines = stack.split("\n").filter((line) => !/^ +at (?:.*[ (])?node:/.test(line));
  return lines.slice(0, maxLines).join("\n").trimEnd();
}
