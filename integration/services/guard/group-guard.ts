import { GuardShell } from "./guard-shell.ts";

// As with a Guard, the pipe ends when this process does.
const script = `
  while read -r word group; do
    if [ "$word" = released ]; then exit; fi
    groups="$groups $group"
  done
  for group in $groups; do kill -KILL "-$group" 2>/dev/null; done`;

/** Kills groups of processes when this process ends without having released it, by whatever death; one shell for all of them. */
export class GroupGuard {
  readonly #shell = new GuardShell(["-c", script]);

  /** @param group Id of its leader */
  watch(group: number): void {
    this.#shell.tell(`watch ${group}`);
  }

  /** Ends the guard; nothing is killed. */
  release(): Promise<void> {
    return this.#shell.release();
  }
}
