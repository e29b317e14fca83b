import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Store } from "../peers/store.ts";
import { askNumber } from "./ask-number.ts";
import { benchUrl } from "./bench-url.ts";

/** How much a store holds, in bytes: memory of Redis, files of the others. @throws Error for a store that cannot tell */
export async function storedBytesOf(store: Store, folder: string): Promise<number> {
  if (store === "redis") return await redisBytes();
  if (store === "postgres") return await postgresBytes();
  if (store === "sqlite") return await sqliteBytes(folder);
  throw new Error(`${store} does not tell how much it holds.`);
}

async function redisBytes(): Promise<number> {
  const { Redis } = await import("ioredis");
  const redis = new Redis(benchUrl("redis"));
  try {
    const info = await redis.info("memory");
    // Of its data, without buffers of connections.
    return Number(/used_memory_dataset:(\d+)/u.exec(info)?.[1]);
  } finally {
    redis.disconnect();
  }
}

async function postgresBytes(): Promise<number> {
  const { Client } = await import("pg");
  const client = new Client(benchUrl("postgres"));
  await client.connect();
  try {
    return (await askNumber(client, "SELECT pg_database_size(current_database()) AS n")) ?? Number.NaN;
  } finally {
    await client.end();
  }
}

async function sqliteBytes(folder: string): Promise<number> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".db"));
  for (const file of files) {
    const db = new DatabaseSync(join(folder, file));
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();
  }
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
