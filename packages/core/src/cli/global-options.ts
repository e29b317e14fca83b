import { Option } from "commander";
import type { Command } from "commander";
import { logLevels } from "../log/log-level.ts";
import type { LogLevel } from "../log/log-level.ts";

/** Options that every command has. */
export interface GlobalOptions {
  readonly app: string;
  readonly broker?: string;
  readonly resultBackend?: string;
  readonly loglevel?: LogLevel;
  readonly logFormat?: "json" | "text";
}

/** Adds the options that every command has; they stand above all other configuration. */
export function addGlobalOptions(program: Command): void {
  program
    .option(
      "-A, --app <module>",
      "module that creates the app: a .ts, .mts, .js or .mjs file, or a directory with an index",
    )
    .option("--broker <url>", "broker instead of the app's; several are separated by semicolons (as LOVAGE_BROKER_URL)")
    .option("--result-backend <url>", "result backend instead of the app's, likewise (as LOVAGE_RESULT_BACKEND)")
    .addOption(new Option("--loglevel <level>", "least level that is logged (as LOVAGE_LOG_LEVEL)").choices(logLevels))
    .addOption(
      new Option(
        "--log-format <format>",
        "form of the log, on standard error (default: text on a terminal, else json)",
      ).choices(["json", "text"]),
    );
}
