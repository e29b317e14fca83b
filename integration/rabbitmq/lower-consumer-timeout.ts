import type { Server } from "../services/service.ts";

/** Lets a server take back what is held for so long, and look for it twice a second; for connections that are opened from now on. */
export async function lowerConsumerTimeout(server: Server, timeoutMs: number): Promise<void> {
  const settings = { channel_tick_interval: 500, consumer_timeout: timeoutMs };
  const calls = Object.entries(settings).map(([name, value]) => `application:set_env(rabbit, ${name}, ${value})`);
  await server.execute("rabbitmqctl", ["eval", `${calls.join(", ")}.`]);
}
