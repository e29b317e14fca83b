import { afterAll, beforeAll } from "vitest";
import type { StartServer } from "../../services/describe-own-server.ts";
import type { OwnServer, ServerOptions } from "../../services/service.ts";

const startMs = 150_000;

/** Starts a server before the tests of a suite and ends it after them. What it gives is there once they run. */
export function postgresServer(start: StartServer, options?: ServerOptions): () => OwnServer {
  let server: OwnServer | undefined;
  beforeAll(async () => void (server = await start(options)), startMs);
  afterAll(async () => await server?.[Symbol.asyncDispose](), startMs);
  return () => {
    if (server === undefined) throw new Error("The server did not start.");
    return server;
  };
}
