import process from "node:process";
import { startFauxqs } from "fauxqs";
import { mendFifo, type EmulatedFifo } from "./mend-fifo.ts";

// Started as a process of its own, with a port and, unless all stays in memory, a folder for its data.
const [port, dataDir] = process.argv.slice(2);
if (port === undefined) throw new Error("usage: sqs-program.ts PORT [DIRECTORY]");

await mendEmulator();
const server = await startFauxqs({ port: Number(port), logger: false, ...(dataDir === undefined ? {} : { dataDir }) });
process.once("SIGTERM", () => void server.stop());

/** Things in which the emulator differs from AWS, and that tests of ours stumble over. */
async function mendEmulator(): Promise<void> {
  const module = new URL("sqs/sqsStore.js", import.meta.resolve("fauxqs")).href;
  const { SqsQueue } = (await import(module)) as { readonly SqsQueue: { readonly prototype: EmulatedQueue } };
  const { getAllAttributes, changeVisibility } = SqsQueue.prototype;
  // It ends leases and delays only when it is asked for messages. AWS counts by itself what has become visible.
  SqsQueue.prototype.getAllAttributes = function countNow(this: EmulatedQueue, names: readonly string[]): unknown {
    this.processTimers();
    return getAllAttributes.call(this, names);
  };
  // With its data on disk it fails on a message that is to be seen at once, and forgets it. It ends such a lease in the usual way instead.
  SqsQueue.prototype.changeVisibility = function show(this: EmulatedQueue, handle: string, seconds: number): void {
    const entry = this.inflightMessages.get(handle);
    if (seconds > 0 || entry === undefined) return changeVisibility.call(this, handle, seconds);
    entry.visibilityDeadline = Date.now();
    this.processTimers();
  };
  mendFifo(SqsQueue.prototype);
}

interface EmulatedQueue extends EmulatedFifo {
  readonly inflightMessages: ReadonlyMap<string, { readonly message: object; visibilityDeadline: number }>;
  getAllAttributes(this: EmulatedQueue, names: readonly string[]): unknown;
  changeVisibility(this: EmulatedQueue, handle: string, seconds: number): void;
}
