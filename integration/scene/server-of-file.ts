import { afterAll } from "vitest";
import type { StartServer } from "../services/describe-own-server.ts";
import type { ServiceName } from "../services/service-name.ts";
import type { OwnServer } from "../services/service.ts";

// One of each service for all scenarios of a test file, since RabbitMQ takes seconds to start.
const servers = new Map<ServiceName, Promise<OwnServer>>();

// Whoever imports this is a test file, or is imported by one.
afterAll(async () => {
  const started = await Promise.allSettled(servers.values());
  await Promise.all(
    started.map(async (each) => each.status === "fulfilled" && (await each.value[Symbol.asyncDispose]())),
  );
}, 60_000);

/** The server of this test file; it is started when a scenario first asks for it, and ends after the last. */
export async function serverOfFile(name: ServiceName, start: StartServer): Promise<OwnServer> {
  const server = servers.get(name) ?? start();
  servers.set(name, server);
  return await server;
}
