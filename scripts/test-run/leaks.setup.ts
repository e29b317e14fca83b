import { subscribe, unsubscribe } from "node:diagnostics_channel";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { afterAll } from "vitest";

const graceMs = 2_000;
const pollMs = 10;

/** What keeps a process alive and is somebody's to close. The runner's own channel is a pipe and is there before. */
const watched = new Set([
  "FSEventWrap",
  "PipeWrap",
  "ProcessWrap",
  "StatWatcher",
  "TCPServerWrap",
  "TCPSocketWrap",
  "Timeout",
  "UDPWRAP",
]);

// Node does not count threads among the active resources.
let threads = 0;
const countThread = (message: unknown): void => {
  threads += 1;
  (message as { readonly worker: Worker }).worker.once("exit", () => (threads -= 1));
};
subscribe("worker_threads", countThread);

function countResources(): Map<string, number> {
  const counts = new Map<string, number>([["Worker", threads]]);
  for (const kind of process.getActiveResourcesInfo()) {
    if (watched.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

const before = countResources();

function findLeaks(): string[] {
  return [...countResources()]
    .map(([kind, count]): [string, number] => [kind, count - (before.get(kind) ?? 0)])
    .filter(([, extra]) => extra > 0)
    .map(([kind, extra]) => `${extra} ${kind}`);
}

// Registered first, so it runs last: after the hooks by which the test file itself cleans up.
afterAll(async () => {
  for (let waitedMs = 0; findLeaks().length > 0 && waitedMs < graceMs; waitedMs += pollMs) await pause(pollMs);
  const leaks = findLeaks();
  // The next file of this process counts for itself.
  unsubscribe("worker_threads", countThread);
  if (leaks.length > 0) throw new Error(`This test file leaves open: ${leaks.join(", ")}. Close what its tests open.`);
});
