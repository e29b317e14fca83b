/** How a program is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** Undoes what a killed `command` would leave behind. Absent where nothing can be left. */
  readonly cleanUp?: readonly string[];
}

/** A release of Celery that is there to be run. */
export interface Celery {
  /** Such as `5.2.6`. */
  readonly release: string;
  /** Where it comes from, in words. */
  readonly origin: string;
  /**
   * How its Python is started with these arguments, in the folder of the Python files.
   * @param env Variables that it is to see.
   */
  launch(args: readonly string[], env: Readonly<Record<string, string>>): Launch;
}
