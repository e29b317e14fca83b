import type { Fence, ResultRecord } from "@lovage/backend";
import { asList, asText, type RedisConnection } from "@lovage/client-redis";

import type { Keys } from "./keys.ts";

const maxIdsPerCall = 1_000;

/** Records of these tasks in their order. A document and what stands beside it are read in one step. */
export async function readResults(
  connection: RedisConnection,
  keys: Keys,
  taskIds: readonly string[],
): Promise<(ResultRecord | undefined)[]> {
  const pages: Promise<(ResultRecord | undefined)[]>[] = [];
  const idsPerCall = connection.isCluster ? 1 : maxIdsPerCall;
  for (let at = 0; at < taskIds.length; at += idsPerCall)
    pages.push(readPage(connection, keys, taskIds.slice(at, at + idsPerCall)));
  return (await Promise.all(pages)).flat();
}

async function readPage(
  connection: RedisConnection,
  keys: Keys,
  taskIds: readonly string[],
): Promise<(ResultRecord | undefined)[]> {
  const names = taskIds.flatMap((taskId) => [keys.result(taskId), keys.fence(taskId)]);
  const values = asList(await connection.call("MGET", names));
  return taskIds.map((taskId, index) => toRecord(taskId, values[2 * index], values[2 * index + 1]));
}

function toRecord(taskId: string, stored: unknown, beside: unknown): ResultRecord | undefined {
  if (stored === null) return undefined;
  const document = asText(stored);
  const [state = "", attempt = "", delivery = ""] = beside === null ? [] : asText(beside).split(" ");
  const fence: Fence | null = attempt === "" ? null : [Number(attempt), Number(delivery)];
  // Celery may have written it since. What is in none of our forms (its result_serializer is not json) is an end, whoever reads it is told so: it must not be waited for.
  const told = /^\{"status": ?"([^"]*)"/.exec(document)?.[1] ?? (state === "" ? statusIn(document) : state);
  return { taskId, state: told, document, fence };
}

function statusIn(document: string): string {
  try {
    const value: unknown = JSON.parse(document);
    const status: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "status") : undefined;
    return typeof status === "string" ? status : "FAILURE";
  } catch {
    return "FAILURE";
  }
}
