import { DatabaseSync, type DatabaseSyncOptions } from "node:sqlite";

import { onTestFinished } from "vitest";

/** A connection beside the store's, as another program has one. */
export function openBeside(path: string, options: DatabaseSyncOptions = {}): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0, ...options });
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  return database;
}
