/** One example of a README: what to type, and what it then prints. */
export interface ConsoleBlock {
  /** Heading above it. */
  readonly title: string;
  /** Commands that go on running, in terminals of their own. */
  readonly background: readonly string[];
  readonly command: string;
  readonly output: string;
}

/** Reads the `console` blocks of a Markdown text: lines after `$ ` are commands, the others what the last one prints. */
export function consoleBlocks(markdown: string): readonly ConsoleBlock[] {
  return [...markdown.matchAll(/^```console\n(.*?)^```$/gmsu)].map((match, index) => {
    const lines = (match[1] ?? "").trimEnd().split("\n");
    const commands = lines.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
    const background = commands.filter((command) => command.endsWith(" &")).map((command) => command.slice(0, -2));
    const [command, ...more] = commands.filter((one) => !one.endsWith(" &"));
    if (command === undefined || more.length > 0)
      throw new Error(`Block ${index + 1} has not one command to wait for.`);
    const output = lines.filter((line) => !line.startsWith("$ ")).join("\n");
    return { title: headingBefore(markdown, match.index), background, command, output };
  });
}

function headingBefore(markdown: string, index: number): string {
  return (
    /^#+ (.*)$/mu.exec(
      markdown
        .slice(0, index)
        .split(/^(?=#)/mu)
        .at(-1) ?? "",
    )?.[1] ?? ""
  );
}
