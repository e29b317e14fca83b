import { afterAll } from "vitest";
import type { StartServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";

// Of the file that runs: a process runs one after the other.
const servers = new Map<string, Promise<OwnServer>>();

/** Ends the servers of this test file after its last test. To be called at its top level, as often as one likes. */
export function endServersAfterFile(): void {
  afterAll(endAll, 60_000);
}

async function endAll(): Promise<void> {
  const ending = [...servers.values()];
  servers.clear();
  const started = await Promise.allSettled(ending);
  await Promise.all(
    started.map(async (each) => each.status === "fulfilled" && (await each.value[Symbol.asyncDispose]())),
  );
}

/**
 * A server of this test file; it is started when a scenario first asks for it.
 * @param key All who ask with it share one.
 */
export async function serverOfFile(key: string, start: StartServer): Promise<OwnServer> {
  const server = servers.get(key) ?? start();
  servers.set(key, server);
  return await server;
}
