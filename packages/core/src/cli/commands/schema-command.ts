import type { Command } from "commander";
import { helpNotes } from "../output/help-notes.ts";
import type { SchemaFlags } from "../flags/schema-flags.ts";
import { optionValues } from "../values/option-value.ts";
import { readVersion } from "../values/read-version.ts";
import { addHelpCommand } from "./help-command.ts";

const notes = `
Stores over SQL (broker, backend, coordination) have tables of ours. They are made on first use where the program may; these \
commands are for those who want to see or to do it beforehand. What the app's module opens itself, such as an outbox, makes its \
tables by that: with PostgreSQL open it with migrate: false to have them planned. Releases work with their own version of the \
tables and that of the next: apply first, then deploy.

--to names tables (transport, backend, outbox) and a version of them, and leaves all others as they are. With PostgreSQL it \
leads back as well, for an older release: stop what runs of this one first, since it would make its tables again.

Examples:
  lovage -A ./tasks.ts schema plan
  lovage -A ./tasks.ts schema apply
  lovage -A ./tasks.ts schema plan --to transport=4 --to backend=1`;

/** Adds `lovage schema plan` and `apply`. */
export function addSchemaCommand(program: Command): void {
  const schema = program
    .command("schema")
    .summary("plan or apply the tables of broker and backend")
    .description("Plans or applies the tables that the broker, the backend and the coordination need.")
    .addHelpText("after", helpNotes(notes));
  addVerb(schema, {
    verb: "plan",
    summary: "print the statements that would be run",
    description: "Prints the statements that would be run; changes nothing.",
  });
  addVerb(schema, {
    verb: "apply",
    summary: "bring the tables to this release's version",
    description:
      "Brings the tables to this release's version. Safe beside running programs, but for a way back (--to).",
  });
  addHelpCommand(schema);
}

interface SchemaVerb {
  readonly verb: "plan" | "apply";
  readonly summary: string;
  readonly description: string;
}

function addVerb(schema: Command, { verb, summary, description }: SchemaVerb): void {
  schema
    .command(verb)
    .summary(summary)
    .description(description)
    .option(
      "--to <tables=version>",
      "version of some tables instead, also an older one; may stand several times",
      optionValues(readVersion),
    )
    .addHelpText("after", `\nExample:\n  lovage -A ./tasks.ts schema ${verb}`)
    .action(async (_flags: unknown, command: Command) => {
      const { runSchema } = await import("../actions/run-schema.ts");
      await runSchema(verb, command.optsWithGlobals<SchemaFlags>());
    });
}
