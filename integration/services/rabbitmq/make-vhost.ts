import type { Server } from "../service.ts";
import { permitGuest } from "./permit-guest.ts";

/** Makes a vhost on a RabbitMQ in which the user guest may do everything. */
export async function makeVhost(server: Server, vhost: string): Promise<void> {
  // Both in one program: each takes a second to start.
  await server.execute("rabbitmqctl", ["eval", `rabbit_vhost:add(<<"${vhost}">>, <<"test">>), ${permitGuest(vhost)}.`]);
}
