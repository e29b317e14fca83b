import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** A process of this machine. */
export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
}

/** All processes that have not ended. One that has ended and that nobody has waited for is not among them. */
export function listProcesses(): readonly RunningProcess[] {
  const all = existsSync("/proc/self/stat") ? readProc() : askPs();
  // The first thread is shown as ended while others, which end after it, still hold the process's sockets.
  return all.filter(({ state, threads }) => threads > 1 || !/^[ZX]/u.test(state));
}

type Listed = RunningProcess & { readonly state: string; readonly threads: number };

/** Where the number of threads stands, counted from the state (proc_pid_stat(5)). */
const threadsField = 17;

/** Small images of Linux have no ps. */
function readProc(): readonly Listed[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        // The name before the last parenthesis may hold anything; state, parent and group follow it.
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const [state = "", parent, group] = fields;
        const threads = Number(fields[threadsField]);
        return [{ pid: Number(pid), parent: Number(parent), group: Number(group), state, threads }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}

function askPs(): readonly Listed[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,stat="], { encoding: "utf8" }).trim().split("\n");
  return lines.map((line) => {
    const [pid, parent, group, state = ""] = line.trim().split(/\s+/u);
    return { pid: Number(pid), parent: Number(parent), group: Number(group), state, threads: 1 };
  });
}
