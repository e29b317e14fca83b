import { GuardShell } from "./guard-shell.ts";

// The pipe ends when this process does, by whatever death; only a word sent through it tells that all is well.
const script = 'read -r word; [ "$word" = released ] || exec "$@"';

/** Runs a command when this process ends without having released it, even when it ends by SIGKILL. */
export class Guard {
  readonly #shell: GuardShell;

  /** @param command A program and its arguments. It must not mind when there is nothing to do any more. */
  constructor(command: readonly string[]) {
    this.#shell = new GuardShell(["-c", script, "guard", ...command]);
  }

  /** Ends the guard; the command is not run. */
  release(): Promise<void> {
    return this.#shell.release();
  }
}
