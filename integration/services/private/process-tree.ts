import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { listProcesses } from "./list-processes.ts";

const endMs = 10_000;
const pollMs = 5;

/**
 * Freezes a server: its first process, which leads a group, that group, and all that they have started. PostgreSQL
 * gives each of its processes a group of its own, so the group alone is not the server.
 * @returns the processes; none when it has ended
 */
export function stopTree(leader: number): readonly number[] {
  const stopped = new Set<number>();
  // One that still ran may have started another meanwhile: look until nothing is new.
  for (;;) {
    const fresh = findTree(leader).filter((pid) => !stopped.has(pid));
    if (fresh.length === 0) return [...stopped];
    for (const pid of fresh) {
      signal(pid, "SIGSTOP");
      stopped.add(pid);
    }
  }
}

/** Lets a server go on that was frozen. */
export function continueTree(leader: number): void {
  for (const pid of findTree(leader)) signal(pid, "SIGCONT");
}

/** Kills a server, and waits until all of it is gone: until then its ports are taken. */
export async function killTree(leader: number): Promise<void> {
  const killed = new Set(stopTree(leader));
  for (const pid of killed) signal(pid, "SIGKILL");
  const endsAtMs = Date.now() + endMs;
  while (listProcesses().some(({ pid }) => killed.has(pid))) {
    if (Date.now() > endsAtMs) throw new Error(`The processes of ${leader} did not end within ${endMs} ms.`);
    await pause(pollMs);
  }
}

function findTree(leader: number): readonly number[] {
  const all = listProcesses();
  const tree = new Set(all.filter(({ pid, group }) => pid === leader || group === leader).map(({ pid }) => pid));
  for (let before = -1; before !== tree.size;) {
    before = tree.size;
    for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
