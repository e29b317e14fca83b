import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** A database file of a test's own. */
export interface TemporaryFile {
  readonly path: string;
  /** Removes it with all that lies beside it. */
  remove(): Promise<void>;
}

/** A path in a directory that is not there yet. */
export function temporaryFile(): TemporaryFile {
  const directory = path.join(tmpdir(), `lovage-backend-${randomUUID()}`);
  return {
    path: path.join(directory, "queue.db"),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
