import { expect, test } from "vitest";
import { askServer } from "../../postgres/ask-server.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("dead letters may be kept for ever, or for a part of a millisecond more than some", async () => {
    const store = await openedStore({ url: server().url, schema: "kept" });
    const queues = [
      { name: "ever", deadLetterRetentionMs: Infinity },
      { name: "part", deadLetterRetentionMs: 1.5 },
    ];
    // The second time they are looked at alone.
    for (let time = 0; time < 2; time += 1) await store.declare(queues);
    const { rows } = await askServer(server().url, (client) =>
      client.query(
        "SELECT name, retention_ms::float8 AS ms FROM kept.queues WHERE name IN ('ever.dead', 'part.dead') ORDER BY 1",
      ),
    );
    expect(rows).toEqual([
      { name: "ever.dead", ms: Math.ceil(Number.MAX_SAFE_INTEGER / 2) },
      { name: "part.dead", ms: 2 },
    ]);
    expect(await store.sweep({ queues: ["ever"], suspectAfter: 2, max: 10 })).toEqual({ recovered: 0, more: false });
  });
});
