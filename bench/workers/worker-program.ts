import process from "node:process";
import { machineClockMs } from "../machine-clock.ts";
import { findPeer } from "../peers/peers.ts";
import { startProfile } from "../profile/start-profile.ts";
import { readUsage } from "./read-usage.ts";
import type { WorkerCommand, WorkerNote } from "./worker-note.ts";

// A worker process of a peer: started, told and listened to by process-crew.ts.
const [peerName = "", folder = "", telling = "count"] = process.argv.slice(2);
const countEveryMs = 10;
const commands: Readonly<Record<WorkerCommand, () => Promise<void>>> = { start, stop, measure };

let unsaid: number[] = [];
let uncounted = 0;
let counting: NodeJS.Timeout | undefined;
let endProfile: () => Promise<void> = async () => {};

const program = await findPeer(peerName).load();
const worker = await program.openWorker({ folder, onRun: telling === "each" ? sayEach : sayCount });
process.on("SIGINT", () => {});
process.on("message", (command: WorkerCommand) => void commands[command]());
process.once("disconnect", () => process.exit(1));
say("ready");

async function start(): Promise<void> {
  endProfile = await startProfile("worker");
  await worker.start();
  say("started");
}

async function stop(): Promise<void> {
  await worker.stop();
  tellCount();
  await endProfile();
  say("stopped");
  process.removeAllListeners("disconnect");
  process.disconnect();
}

/** Runs of one turn of the loop are told together. */
function sayEach(id: number, startedAtMs = machineClockMs()): void {
  if (unsaid.length === 0) {
    setImmediate(() => {
      say({ runs: unsaid });
      unsaid = [];
    });
  }
  unsaid.push(id, startedAtMs);
}

/** Seldom, so that telling costs no time that is measured. */
function sayCount(): void {
  counting ??= setTimeout(tellCount, countEveryMs);
  uncounted += 1;
}

function tellCount(): void {
  clearTimeout(counting);
  counting = undefined;
  if (uncounted > 0) say({ count: uncounted });
  uncounted = 0;
}

async function measure(): Promise<void> {
  say({ usage: readUsage() });
  say("measured");
  return await Promise.resolve();
}

function say(note: WorkerNote): void {
  process.send?.(note, undefined, undefined, () => {
    // Fails when the parent has ended; then `disconnect` ends this process too.
  });
}
