import { afterAll } from "vitest";
import type { StartServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";

const servers = new Map<string, Promise<OwnServer>>();

// Whoever imports this is a test file, or is imported by one.
afterAll(async () => {
  const started = await Promise.allSettled(servers.values());
  await Promise.all(
    started.map(async (each) => each.status === "fulfilled" && (await each.value[Symbol.asyncDispose]())),
  );
}, 60_000);

/**
 * A server of this test file; it is started when a scenario first asks for it, and ends after the last.
 * @param key All who ask with it share one.
 */
export async function serverOfFile(key: string, start: StartServer): Promise<OwnServer> {
  const server = servers.get(key) ?? start();
  servers.set(key, server);
  return await server;
}
