import { expect } from "vitest";
import type { OwnServer } from "../service.ts";
import { stores } from "./stores.ts";

/** Expects that a server ends the connections of its clients. SQS is asked over HTTP and has no command for that. */
export async function expectDropped(server: OwnServer): Promise<void> {
  const { connect } = stores[server.name];
  if (connect === undefined) {
    await expect(server.dropClients()).rejects.toThrow("cut the connections with a FaultProxy");
    return;
  }
  using client = await connect(server.port);
  await server.dropClients();
  await client.isClosed;
}
