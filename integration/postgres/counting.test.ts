import { postgresTransport } from "@lovage/transport-postgres";
import { Pool } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { askServer } from "./ask-server.ts";
import { openClient } from "./open-client.ts";

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("the server ends a count that takes too long, also in a pool of the user's, and the connection stays", async () => {
    const { url } = server();
    const pool = new Pool({ connectionString: url, application_name: "counting", max: 4 });
    onTestFinished(() => pool.end());
    const states: string[] = [];
    const connection = await postgresTransport({ url, pool, onState: (state) => void states.push(state) });
    onTestFinished(() => connection.close());
    await connection.declare({ queues: [{ name: "q" }] });
    const gate = await openClient(url);
    await gate.query("BEGIN; LOCK TABLE lovage.messages IN ACCESS EXCLUSIVE MODE");
    await expect(connection.admin.inspect(["q"])).rejects.toMatchObject({
      code: "TRANSPORT_BUSY",
      message: expect.stringContaining('Counting the messages of queue "q"') as string,
    });
    const active = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'counting' AND state <> 'idle'`;
    const { rows } = await askServer(url, (client) => client.query(active));
    expect([rows, states]).toEqual([[{ n: 0 }], []]);
    await gate.query("COMMIT");
    expect(await connection.admin.inspect(["q"])).toMatchObject([{ ready: 0, dead: 0 }]);
  });
});
