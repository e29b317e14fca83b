import type { Command } from "commander";
import type { GlobalOptions } from "../global-options.ts";

const notes = `
Brokers and backends over SQL have tables of ours. They are made on first use where the program may; these commands are for
those who want to see or to do it beforehand. Releases work with their own version of the tables and the one before.

Examples:
  lovage -A ./tasks.ts schema plan
  lovage -A ./tasks.ts schema apply`;

/** Adds `lovage schema plan` and `apply`. */
export function addSchemaCommand(program: Command): void {
  const schema = program
    .command("schema")
    .summary("plan or apply the tables of broker and backend")
    .description("Plans or applies the tables that the broker and the backend need.")
    .addHelpText("after", notes);
  addVerb(schema, "plan", "Prints the statements that would be run; changes nothing.");
  addVerb(schema, "apply", "Brings the tables to this release's version. Safe beside running programs.");
}

function addVerb(schema: Command, verb: "plan" | "apply", description: string): void {
  schema
    .command(verb)
    .description(description)
    .addHelpText("after", `\nExample:\n  lovage -A ./tasks.ts schema ${verb}`)
    .action(async (_flags: unknown, command: Command) => {
      const { runSchema } = await import("../actions/run-schema.ts");
      await runSchema(verb, command.optsWithGlobals<GlobalOptions>());
    });
}
