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
  const pages = pagesOf(connection, taskIds).map((page) => readPage(connection, keys, page));
  return (await Promise.all(pages)).flat();
}

/** Told of each part as it comes. */
export interface PartListener {
  readonly onFound: (records: readonly (ResultRecord | undefined)[]) => void;
  readonly onFailure: (taskIds: readonly string[], error: unknown) => void;
}

/** Reads each part of them for itself: in a cluster one may be on a node that does not answer. */
export async function readInParts(
  connection: RedisConnection,
  { keys, taskIds }: { readonly keys: Keys; readonly taskIds: readonly string[] },
  { onFound, onFailure }: PartListener,
): Promise<void> {
  const reads = pagesOf(connection, taskIds).map(async (page) => {
    try {
      onFound(await readPage(connection, keys, page));
    } catch (error) {
      onFailure(page, error);
    }
  });
  await Promise.all(reads);
}

function pagesOf({ isCluster }: RedisConnection, taskIds: readonly string[]): readonly (readonly string[])[] {
  const pages: (readonly string[])[] = [];
  const idsPerCall = isCluster ? 1 : maxIdsPerCall;
  for (let at = 0; at < taskIds.length; at += idsPerCall) pages.push(taskIds.slice(at, at + idsPerCall));
  return pages;
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
