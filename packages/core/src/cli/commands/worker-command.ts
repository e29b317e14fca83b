import { Option } from "commander";
import type { Command } from "commander";
import { helpNotes } from "../output/help-notes.ts";
import { optionValue } from "../values/option-value.ts";
import { readAddress } from "../values/read-address.ts";
import { readDuration } from "../values/read-duration.ts";
import { readHostname, readQueues } from "../values/read-names.ts";
import { readInteger, readPrefetch } from "../values/read-number.ts";
import type { WorkerFlags } from "../flags/worker-flags.ts";

const notes = `
Stopping: the first SIGTERM or SIGINT takes no more tasks and lets those that run finish within the grace; what is left is given \
back and runs elsewhere, nothing is lost. A second one, half a second later or more, gives everything back at once and ends \
with 1.
In production start node_modules/.bin/lovage itself (in a shell script with exec), not npx or npm run: these end with a SIGTERM \
and do not pass it on, so that the worker is left behind or killed without its grace.
When broker or backend is away at the start, it ends with 1: let a supervisor start it again.
Errors outside of tasks: a rejection that nobody handles fails the task it came from and the worker goes on; an uncaught \
exception makes the worker finish what runs and end with 1.
With --processes a parent starts whole workers, replaces those that end, and ends when all have. --concurrency is per process.
With --http: /live and /ready (200 or 503, with reasons) and /metrics (Prometheus). No encryption, no passwords.

Examples:
  lovage -A ./tasks.ts worker
  lovage -A ./tasks.ts worker --queues default,mail --concurrency 16 --http 127.0.0.1:9100
  lovage -A ./tasks.ts worker --processes 4 --grace 1m
  lovage -A ./tasks.ts worker --beat`;

/** Adds `lovage worker`. */
export function addWorkerCommand(program: Command): void {
  program
    .command("worker")
    .summary("run tasks")
    .description("Runs tasks until it is told to stop.")
    .option(
      "-Q, --queues <names>",
      "queues, separated by commas (default: those of the app's tasks)",
      optionValue(readQueues),
    )
    .option(
      "-c, --concurrency <number>",
      "tasks at once, per process (default: the app's, 10; LOVAGE_CONCURRENCY)",
      optionValue(readInteger({ min: 1, max: 10_000 })),
    )
    .option("--processes <number>", "worker processes", optionValue(readInteger({ min: 1, max: 1_000 })), 1)
    .option(
      "--prefetch <number|auto>",
      "messages held per queue (default: the app's, auto: about a second of work; LOVAGE_PREFETCH)",
      optionValue(readPrefetch),
    )
    .option("--http <host:port>", "serve /live, /ready and /metrics there (default: no)", optionValue(readAddress))
    .option(
      "--grace <duration>",
      "how long running tasks may finish when stopping (default: the app's, 25s; LOVAGE_SHUTDOWN_GRACE)",
      optionValue(readDuration),
    )
    .option(
      "-n, --hostname <name>",
      "name of this worker, in logs and results (default: lovage@ and the name of the machine)",
      optionValue(readHostname),
    )
    .option("--beat", "publish the calls of schedules as well, as `lovage beat` does (default: no)")
    .addOption(
      new Option("--child-number <number>").argParser(optionValue(readInteger({ min: 1, max: 1_000 }))).hideHelp(),
    )
    .addHelpText("after", helpNotes(notes))
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<WorkerFlags>();
      const { runWorkers } = await import("../actions/run-workers.ts");
      process.exitCode = await runWorkers(flags);
    });
}
