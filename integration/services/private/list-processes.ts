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
  return all.filter(({ state }) => !state.startsWith("Z") && !state.startsWith("X"));
}

type Listed = RunningProcess & { readonly state: string };

/** Small images of Linux have no ps. */
function readProc(): readonly Listed[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        // The name before the last parenthesis may hold anything; state, parent and group follow it.
        const [state = "", parent, group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return [{ pid: Number(pid), parent: Number(parent), group: Number(group), state }];
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
    return { pid: Number(pid), parent: Number(parent), group: Number(group), state };
  });
}
