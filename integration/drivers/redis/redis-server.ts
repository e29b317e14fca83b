import { afterAll, beforeAll } from "vitest";
import type { StartServer } from "../../services/describe-own-server.ts";
import type { OwnServer } from "../../services/service.ts";

/** Starts a server before the tests of a suite and ends it after them. What it gives is there once they run. */
export function redisServer(start: StartServer): () => OwnServer {
  let server: OwnServer | undefined;
  beforeAll(async () => void (server = await start()), 60_000);
  afterAll(async () => await server?.[Symbol.asyncDispose]());
  return () => {
    if (server === undefined) throw new Error("The server did not start.");
    return server;
  };
}
