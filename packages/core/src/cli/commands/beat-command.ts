import type { Command } from "commander";
import { minLeaseMs } from "../../beat/beat-options.ts";
import { helpNotes } from "../output/help-notes.ts";
import { optionValue } from "../values/option-value.ts";
import { readAddress } from "../values/read-address.ts";
import { readDuration } from "../values/read-duration.ts";
import type { BeatFlags } from "../flags/beat-flags.ts";

const notes = `
Start as many as you like: one leads, the others take over within the lease and a fifth of it when it is gone. Every tick runs once.
It publishes the schedules of the app's code (app.schedule, \`schedules\` in lovage.config.ts) and those of the store (lovage schedules).
Its backend must keep schedules and locks: sqlite:, redis:, postgres:.
Stopping: the first SIGTERM or SIGINT lets another lead and ends what is under way; a second one ends at once.
With --http: /live and /ready (200 or 503, with reasons) and /metrics. No encryption, no passwords.

Examples:
  lovage -A ./tasks.ts beat
  lovage -A ./tasks.ts beat --http 127.0.0.1:9101
  lovage -A ./tasks.ts worker --beat`;

/** Adds `lovage beat`. */
export function addBeatCommand(program: Command): void {
  program
    .command("beat")
    .summary("publish the calls of schedules")
    .description("Publishes the calls of schedules when they are due, until it is told to stop.")
    .option(
      "--lease <duration>",
      "how long a leader that died is waited for, at least 1s (default: 10s)",
      optionValue((text) => readDuration(text, minLeaseMs)),
    )
    .option("--http <host:port>", "serve /live, /ready and /metrics there (default: no)", optionValue(readAddress))
    .option(
      "--grace <duration>",
      "how long what is under way may take when stopping (default: the app's, 25s; LOVAGE_SHUTDOWN_GRACE)",
      optionValue(readDuration),
    )
    .addHelpText("after", helpNotes(notes))
    .action(async (_flags: unknown, command: Command) => {
      const { runBeat } = await import("../actions/run-beat.ts");
      process.exitCode = await runBeat(command.optsWithGlobals<BeatFlags>());
    });
}
