import type { AddHelpTextContext } from "commander";

/** That of commander, where there is no terminal. */
const defaultWidth = 80;

/** What stands below the options in the help of a command: paragraphs as wide as those, and indented examples as they are, to be copied. */
export function helpNotes(notes: string): (context: AddHelpTextContext) => string {
  return ({ error, command }) => {
    const output = command.configureOutput();
    const width = (error ? output.getErrHelpWidth?.() : output.getOutHelpWidth?.()) ?? defaultWidth;
    const help = command.createHelp();
    const lines = notes.split("\n").map((line) => (line.startsWith(" ") ? line : help.boxWrap(line, width)));
    return lines.join("\n");
  };
}
