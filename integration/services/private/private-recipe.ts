import type { ExecFileOptions } from "node:child_process";
import type { ServerUser } from "./unprivileged-user.ts";

/** Where a private server lives. */
export interface Place {
  /** Its folder, which belongs to its user. */
  readonly directory: string;
  readonly port: number;
  readonly settings: readonly string[];
  readonly user: ServerUser;
}

/** How a private server is started, once its folder is ready. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** @default none */
  readonly env?: Readonly<Record<string, string>>;
}

/** What is particular about a private server of one service. */
export interface PrivateRecipe {
  /** Users whom it may run as when we are root, best first. Absent: it runs as we do. */
  readonly users?: readonly string[];
  /** Asks for an orderly end that does not wait for clients. @default "SIGTERM" */
  readonly stopSignal?: NodeJS.Signals;
  /**
   * Finds its programs.
   * @returns its main program, or the name and version of what stands in for one
   * @throws Error when they are not installed, in a sentence
   */
  locate(): string;
  /** Finds a program that comes with it, for `execute`. Throws like `locate`. */
  locateTool(program: string): string;
  /**
   * Does what such a program would do, where that can be had for less. Answers `undefined` where it cannot. Absent: it never can.
   * @param options As for the program.
   */
  standIn?(program: string, args: readonly string[], options: ExecFileOptions): Promise<string | undefined>;
  /** Makes the folder ready, as far as it is not, and tells how to start. Called before each start. */
  prepare(place: Place): Promise<Launch>;
}
