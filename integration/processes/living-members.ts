import { existsSync, readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** Whether processes of a group still run. One that has ended and that nobody has waited for does not. */
export function hasLivingMembers(group: number): boolean {
  if (!existsSync("/proc/self/stat")) return isKnown(group);
  return readdirSync("/proc").some((name) => /^\d+$/u.test(name) && isLivingMember(name, group));
}

function isLivingMember(pid: string, group: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name before the last parenthesis may hold anything; state, parent and group follow it.
    const [state, , ofGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(ofGroup) === group && state !== "Z" && state !== "X";
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

function isKnown(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}
