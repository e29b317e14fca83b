import { listProcesses } from "../services/private/list-processes.ts";

/** Whether processes of a group still run. One that has ended and that nobody has waited for does not. */
export function hasLivingMembers(group: number): boolean {
  return listProcesses().some((process) => process.group === group);
}
