import process from "node:process";

/** Lists the cases that were not run, each with its reason, so that none is passed over in silence. */
export function writeNotRun(
  transport: string,
  notRun: ReadonlyMap<string, string>,
  report: (text: string) => void = (text) => void process.stdout.write(text),
): void {
  if (notRun.size === 0) return;
  const lines = [...notRun].map(([name, reason]) => `  ${name} (${reason})\n`);
  report(`Transport ${transport}: ${notRun.size} cases were not run.\n${lines.join("")}`);
}
