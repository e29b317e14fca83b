import { styleText } from "node:util";
import { isLovageError, maskSecrets, schemeOf } from "@lovage/foundation";
import { Command } from "commander";
import { readUrls } from "../app/configuration/read-urls.ts";
import type { GlobalOptions } from "./global-options.ts";
import { addBeatCommand } from "./commands/beat-command.ts";
import { addCallCommand } from "./commands/call-command.ts";
import { addDeadCommand } from "./commands/dead-command.ts";
import { addHelpCommand } from "./commands/help-command.ts";
import { addPurgeCommand } from "./commands/purge-command.ts";
import { addQueuesCommand } from "./commands/queues-command.ts";
import { addResultCommand } from "./commands/result-command.ts";
import { addSchemaCommand } from "./commands/schema-command.ts";
import { addSchedulesCommand } from "./commands/schedules-command.ts";
import { addWorkerCommand } from "./commands/worker-command.ts";
import { addGlobalOptions } from "./global-options.ts";
import { helpNotes } from "./output/help-notes.ts";
import { readVersion } from "./version.ts";

const notes = `
Examples:
  lovage -A ./tasks.ts worker --queues default,mail --concurrency 16
  lovage -A ./tasks.ts call shop.add --args '[2, 3]' --wait
  lovage -A ./tasks.ts queues

Durations have a unit: 500ms, 10s, 5m, 1h, 7d.
What an app is told, highest first: these options, createApp, LOVAGE_* in the environment, lovage.config.ts, the defaults.
With neither broker nor backend given anywhere, both are the file .lovage/queue.db in the working directory.
NO_COLOR switches colours off.

Exit codes: 0 done, 1 it failed, 2 the command line is wrong and nothing was done.
"lovage help <command>" tells more about a command.`;

/** The command line of `lovage`. What a command does is loaded when it runs, so that help is quick. */
export function createProgram(): Command {
  const program = new Command("lovage")
    .description("Runs and looks after tasks of a Lovage app.")
    .version(readVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (title) => styleText("bold", title, { stream: process.stdout }),
    })
    .configureOutput({ outputError: (text, write) => write(maskSecrets(text.replace(/^error:/, "lovage:"))) })
    .showHelpAfterError('("lovage help" and "lovage help <command>" tell what there is)')
    .addHelpText("after", helpNotes(notes))
    .exitOverride()
    .hook("preAction", checkGlobalOptions);
  addGlobalOptions(program);
  addWorkerCommand(program);
  addBeatCommand(program);
  addCallCommand(program);
  addResultCommand(program);
  addQueuesCommand(program);
  addPurgeCommand(program);
  addDeadCommand(program);
  addSchedulesCommand(program);
  addSchemaCommand(program);
  addHelpCommand(program);
  return program;
}

function checkGlobalOptions(program: Command, command: Command): void {
  if (command.name() === "help") return;
  const { app, broker, resultBackend } = program.opts<Partial<GlobalOptions>>();
  if (app === undefined) {
    program.error(
      "error: which app? Give the module that creates it:  lovage -A ./tasks.ts …  with  export const app = createApp({ … });  in it.",
    );
  }
  checkUrls(program, { flag: "--broker", written: broker });
  checkUrls(program, { flag: "--result-backend", written: resultBackend });
}

interface WrittenUrls {
  readonly flag: string;
  readonly written: string | undefined;
}

/** By no reader of the option: commander would repeat what was given, and of a mistyped URL it is not known where a password is to be masked. */
function checkUrls(program: Command, { flag, written }: WrittenUrls): void {
  try {
    if (written !== undefined) readUrls(written).map((url) => schemeOf(url));
  } catch (error) {
    if (!isLovageError(error)) throw error;
    program.error(`error: ${flag}: ${error.message}`);
  }
}
