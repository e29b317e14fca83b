import type { OwnServer } from "../services/service.ts";

/** Tells a server something from beside. @returns what it answered */
export async function redisCli(server: OwnServer, ...command: readonly string[]): Promise<string> {
  // In a container the program runs inside, where the port is the image's.
  const port = server.rung === "container" ? "6379" : String(server.port);
  return (await server.execute("redis-cli", ["-p", port, ...command])).trim();
}

/** Ends the connections whose names begin like this, as an administrator would. */
export async function killClients(server: OwnServer, name: string): Promise<void> {
  const clients = (await redisCli(server, "client", "list")).split("\n");
  for (const client of clients.filter((line) => line.includes(` name=${name}`))) {
    await redisCli(server, "client", "kill", "id", /\bid=(\d+)/u.exec(client)?.[1] ?? "");
  }
}
