import { randomUUID } from "node:crypto";
import { asBuffer } from "@lovage/foundation";
import type { Message } from "@lovage/transport";
import { matchesGlob } from "../app/queue-router.ts";

/** Channel that carries commands to all workers, Celery's and ours (wire format, section 10). */
export const controlChannel = "celery.pidbox";

/** A command not to run some tasks. */
export interface RevokeCommand {
  readonly taskIds: readonly string[];
  /** End the process that runs one of them. */
  readonly terminate: boolean;
}

/** The command as Celery broadcasts it. */
export function encodeRevoke({ taskIds, terminate }: RevokeCommand): Message {
  const [only, ...others] = taskIds;
  const body = {
    method: "revoke",
    arguments: { task_id: others.length === 0 ? only : taskIds, terminate, signal: "SIGTERM" },
    destination: null,
    pattern: null,
    matcher: null,
  };
  return {
    headers: { clock: 0, expires: 0 },
    properties: { messageId: randomUUID(), contentType: "application/json", contentEncoding: "utf-8", priority: 0 },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/**
 * Reads a revoke command, ours or Celery's; `undefined` for other commands, for those meant for other workers, and for what is no command.
 * @param node Name of the worker that reads.
 */
export function decodeRevoke(message: Message, node: string): RevokeCommand | undefined {
  const command = parse(message.body);
  const method = command?.["method"];
  if (command === undefined || !isRevocation(method) || !isFor(command, node)) return undefined;
  const { task_id: ids, terminate } = Object(command["arguments"]) as {
    readonly task_id?: unknown;
    readonly terminate?: unknown;
  };
  const taskIds = (Array.isArray(ids) ? ids : [ids]).filter((id) => typeof id === "string");
  if (taskIds.length === 0) return undefined;
  return { taskIds, terminate: terminate === true || method === "terminate" };
}

/** `celery control terminate` is a command of its own. */
function isRevocation(method: unknown): boolean {
  return method === "revoke" || method === "terminate";
}

/** As Kombu decides it: names first, then a pattern that says how it is meant; all, where neither is given. */
function isFor(command: Readonly<Record<string, unknown>>, node: string): boolean {
  const { destination, pattern, matcher } = command;
  if (Array.isArray(destination) && destination.length > 0) return destination.includes(node);
  if (!pattern || !matcher) return true;
  if (typeof pattern !== "string") return false;
  if (matcher === "glob") return matchesGlob(node, pattern);
  return matcher === "pcre" && matchesFromStart(node, pattern);
}

function matchesFromStart(node: string, pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})`).test(node);
  } catch {
    // Some of Python's forms are none here; the command is then passed over.
    return false;
  }
}

function parse(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(asBuffer(body).toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Anybody may write to the channel; what is no command concerns nobody.
    return undefined;
  }
}
