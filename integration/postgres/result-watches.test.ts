import type { ResultPut } from "@lovage/backend";
import { postgresBackend } from "@lovage/backend-postgres";
import { expect, onTestFinished, test, vi } from "vitest";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { openClient } from "./open-client.ts";

const put = `SELECT lovage.put_results_1(ARRAY[$1], ARRAY['SUCCESS'], ARRAY['{}'], NULL, NULL, ARRAY[60000])`;

const success = (taskId: string): ResultPut => {
  return { taskId, state: "SUCCESS", document: "{}", fence: null, expiresInMs: 60_000 };
};

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("a result whose commit was under way when another watch of its group began is heard by a watch that came after that one", async () => {
    const { url } = server();
    const backend = await postgresBackend({ url });
    onTestFinished(() => backend.close());
    const results = backend.results!;
    const writer = await openClient(url);
    const { rows } = await writer.query<{ id: string }>(
      "SELECT 'task' || n AS id FROM generate_series(1, 1000) n WHERE hashtextextended('task' || n, 7) & 63 = 0 LIMIT 2",
    );
    const [other = "", late = ""] = rows.map(({ id }) => id);

    await writer.query("BEGIN");
    await writer.query(put, [late]);
    const first = results.watch([other], () => {});
    const isWaiting = async (): Promise<boolean> => {
      const waiting = "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
      return (await writer.query<{ n: number }>(waiting)).rows[0]?.n === 1;
    };
    await vi.waitUntil(isWaiting, { timeout: 20_000 });
    const heard: string[] = [];
    const second = results.watch([late], ({ taskId }) => heard.push(taskId));
    for (let look = 0; look < 5; look += 1) await results.get([late]);
    await writer.query("COMMIT");
    await Promise.all([first, second]);
    await vi.waitUntil(() => heard.length > 0, { timeout: 20_000 });
    expect(heard[0]).toBe(late);
  });

  test("while a commit hangs, results of its group are found all the same, and its own once it is there", async () => {
    const { url } = server();
    const backend = await postgresBackend({ url });
    onTestFinished(() => backend.close());
    const results = backend.results!;
    const writer = await openClient(url);
    const { rows } = await writer.query<{ id: string }>(
      "SELECT 'hung' || n AS id FROM generate_series(1, 1000) n WHERE hashtextextended('hung' || n, 7) & 63 = 0 LIMIT 3",
    );
    const [there = "", coming = "", hanging = ""] = rows.map(({ id }) => id);
    await results.put([success(there)]);
    await writer.query("BEGIN");
    await writer.query(put, [hanging]);
    const heard = new Set<string>();
    await results.watch([there, coming, hanging], ({ taskId }) => heard.add(taskId));
    expect([...heard]).toEqual([there]);
    await results.put([success(coming)]);
    await vi.waitUntil(() => heard.has(coming), { timeout: 20_000 });
    await writer.query("COMMIT");
    await vi.waitUntil(() => heard.has(hanging), { timeout: 20_000 });
  });

  test("news of a result are heard once, also when two watches began at the same moment", async () => {
    const backend = await postgresBackend({ url: server().url });
    onTestFinished(() => backend.close());
    const results = backend.results!;
    const heard: string[] = [];
    await Promise.all(["x", "y"].map((id) => results.watch([id], ({ taskId }) => heard.push(taskId))));
    for (const taskId of ["x", "y"]) {
      await results.put([success(taskId)]);
      await vi.waitUntil(() => heard.includes(taskId), { timeout: 20_000 });
    }
    expect(heard).toEqual(["x", "y"]);
  });
});
