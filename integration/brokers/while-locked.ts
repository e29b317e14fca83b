import { DatabaseSync } from "node:sqlite";

/** Does something while a program keeps all others from writing to a database. */
export async function whileLocked<T>(file: string, work: () => Promise<T>): Promise<T> {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  try {
    database.exec("BEGIN IMMEDIATE");
    return await work();
  } finally {
    database.close();
  }
}
