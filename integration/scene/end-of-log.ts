/** The last lines of a worker's log, without those that every task writes. */
export function endOfLog(log: string): string {
  const lines = log.split("\n").filter((line) => !line.includes("Task succeeded."));
  return lines.slice(-15).join("\n");
}
