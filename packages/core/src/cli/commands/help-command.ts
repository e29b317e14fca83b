import { suggestion } from "@lovage/foundation";
import type { Command } from "commander";

/** Adds `help`. Commander's own knows one word, shows `help schedules set` the help of `schedules`, and of a mistyped command says nothing. */
export function addHelpCommand(parent: Command): void {
  parent
    .helpCommand(false)
    .command("help")
    .argument("[command...]", "name of the command, and of one within it")
    .summary("print the help of a command")
    .description("Prints the help of a command, or of all of `lovage`.")
    .action((names: readonly string[]) => {
      names.reduce((command, name) => within(command, name), parent).help();
    });
}

function within(parent: Command, name: string): Command {
  const known = parent.commands.map((command) => command.name());
  const found = parent.commands.find((command) => command.name() === name);
  return found ?? parent.error(`error: unknown command '${name}'.${suggestion(name, known)}`);
}
