import { mkdir, rm } from "node:fs/promises";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findFiles } from "./find-files.ts";
import { Ledger } from "./ledger.ts";
import { Progress } from "./progress.ts";
import type { Report } from "./report.ts";
import { formatReport } from "./report.ts";
import { FOLDER_VARIABLE, readSettings } from "./settings.ts";
import { WorkerProcess } from "./worker-process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const lookEveryMs = 100;
const timeLimit = "2m";

const { folder, fileCount } = readSettings();
const workers = new Set<WorkerProcess>();

process.once("SIGINT", () => void cleanUp().then(() => process.exit(130)));
try {
  await mkdir(folder, { recursive: true });
  process.env[FOLDER_VARIABLE] = folder;
  process.exitCode = (await run()) === 0 ? 0 : 1;
} finally {
  await cleanUp();
}

/** Runs the whole demo; gives the number of files that were lost. */
async function run(): Promise<number> {
  const files = await findFiles(root, fileCount);
  const [first] = [startWorker(), startWorker()];
  console.log(`Two workers index ${files.length} files; the queue is one SQLite file, there is no server.`);
  const progress = new Progress(files.length);
  const report = await work(files, async (done) => {
    progress.show(done);
    if (done * 2 < files.length || !workers.has(first)) return;
    workers.delete(first);
    await first.kill();
    const { pid } = startWorker();
    progress.say(`  Half-way. Killed worker ${first.pid} (SIGKILL), started worker ${pid}.`);
    progress.say("  What the killed one had in hand runs again when its lease ends: after 5 s here, 30 s by default.");
  });
  progress.show(files.length);
  progress.say(`\nThe final task merged them into one report:\n\n${formatReport(report)}\n`);
  return account(files);
}

/** Sends one call a file and one that merges their results, and waits for its report. */
async function work(files: readonly string[], onProgress: (done: number) => Promise<void>): Promise<Report> {
  // Imported here, since the tasks read their folder from the environment.
  const [{ chord, group }, { app, indexFile, merge }] = await Promise.all([import("lovage"), import("./tasks.ts")]);
  const ledger = new Ledger(folder);
  try {
    const result = await chord(group(files.map((path) => indexFile.s(path))), merge.s()).delay();
    const ended = result.get({ timeout: timeLimit });
    while ((await Promise.race([ended, sleep(lookEveryMs, "waiting" as const)])) === "waiting") {
      await onProgress(ledger.read().processed);
    }
    return await ended;
  } finally {
    await app.close();
  }
}

/** What the independent ledger says. */
function account(files: readonly string[]): number {
  const { processed, runTwice, workers: processes } = new Ledger(folder).read();
  const lost = files.length - processed;
  console.log(`The ledger, which the tasks keep beside Lovage, of ${processes} worker processes:`);
  console.log(`processed ${processed}`);
  console.log(`run twice ${runTwice}`);
  console.log(`lost ${lost}`);
  console.log(
    "\nNext: README.md for your own first task, docs/guarantees.md for what is promised, examples/ for more.",
  );
  return lost;
}

function startWorker(): WorkerProcess {
  const worker = new WorkerProcess(folder);
  workers.add(worker);
  return worker;
}

async function cleanUp(): Promise<void> {
  await Promise.all([...workers].map((worker) => worker.stop()));
  workers.clear();
  await rm(folder, { recursive: true, force: true });
}
