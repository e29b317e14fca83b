import { announceSql, type WakeScope } from "@lovage/client-postgres";
import { vi } from "vitest";
import { openClient } from "../../postgres/open-client.ts";

/** Listens to what sleepers are told. The function that it gives tells what was notified by commits since it was called before. */
export async function heardWakeUps(url: string, scope: WakeScope): Promise<() => Promise<readonly string[]>> {
  const channel = /pg_notify\('(\w+)'/u.exec(announceSql(scope, "''"))?.[1] ?? "";
  const client = await openClient(url);
  const heard: string[] = [];
  client.on("notification", ({ payload = "" }) => heard.push(payload));
  await client.query(`LISTEN ${channel}`);
  return async () => {
    // They arrive in the order of their commits: behind this one there is none of those before.
    await client.query("SELECT pg_notify($1, 'the last')", [channel]);
    await vi.waitUntil(() => heard.includes("the last"), { timeout: 20_000 });
    return heard.splice(0, heard.indexOf("the last") + 1).slice(0, -1);
  };
}
