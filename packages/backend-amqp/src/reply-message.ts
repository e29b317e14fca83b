import type { Fence, ResultPut } from "@lovage/backend";
import { headerNumber } from "@lovage/client-amqp";
import type { ConsumeMessage, PublishProperties } from "@lovage/client-amqp";
import { quoteValue } from "@lovage/foundation";

/** A reply that cannot be read, and why. */
export interface UnreadableReply {
  readonly taskId: string | undefined;
  readonly unreadable: string;
}

/** What Celery's document does not say; its readers pass it over. */
const names = { state: "x-lovage-state", fence: "x-lovage-fence", expires: "x-lovage-expires-ms" } as const;

/** Properties of a result on its way to the one who waits (wire format, 7.4). */
export function replyProperties({ taskId, state, fence, expiresInMs }: ResultPut): PublishProperties {
  return {
    correlationId: taskId,
    contentType: "application/json",
    contentEncoding: "utf-8",
    // Celery's are transient. A caller that waits over a restart of the server would wait in vain.
    deliveryMode: 2,
    // Told when there is no queue for it: that of a caller may be away with its node.
    mandatory: true,
    headers: {
      [names.state]: state,
      [names.expires]: headerNumber(expiresInMs),
      ...(fence === null ? {} : { [names.fence]: fence.join(" ") }),
    },
  };
}

/**
 * A reply, of Lovage or of Celery.
 * @param expiresInMs How long it is kept where it does not say so.
 */
export function readReply(
  { properties, content }: Pick<ConsumeMessage, "content"> & { readonly properties: object },
  expiresInMs: number,
): ResultPut | UnreadableReply {
  const { correlationId, contentType, headers } = properties as Readonly<Record<string, unknown>>;
  const table = (headers ?? {}) as Readonly<Record<string, unknown>>;
  const document = content.toString("utf8");
  const told = typeof table[names.state] === "string" ? { status: table[names.state] } : readDocument(document);
  const taskId = text(correlationId) ?? text(told?.["task_id"]);
  if (taskId === undefined) return { taskId, unreadable: "it names no task" };
  const wrapping = wrappingOf(contentType, table["compression"]);
  if (wrapping !== undefined) return { taskId, unreadable: `it is not plain JSON (${wrapping})` };
  const state = text(told?.["status"]);
  if (state === undefined) return { taskId, unreadable: "its document has no status" };
  return {
    taskId,
    state,
    document,
    fence: readFence(table[names.fence]),
    expiresInMs: positive(table[names.expires]) ?? expiresInMs,
  };
}

function wrappingOf(contentType: unknown, compression: unknown): string | undefined {
  if (compression !== undefined) return `compression ${quoteValue(compression)}`;
  return contentType === "application/json" ? undefined : `content type ${quoteValue(contentType)}`;
}

/** How a result of Celery's begins. */
const headOfCelery = /^\{"task_id": ?"[^"]*", ?"status": ?"([^"\\]+)"/;

function readDocument(document: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(document);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    // Python writes NaN and the infinities, which `JSON.parse` refuses; the runtime reads them. What is no document has no status either.
    return { status: headOfCelery.exec(document)?.[1] };
  }
}

function readFence(value: unknown): Fence | null {
  const [, attempt, delivery] = /^(\d{1,16}) (\d{1,16})$/.exec(text(value) ?? "") ?? [];
  if (attempt === undefined) return null;
  const fence: Fence = [Number(attempt), Number(delivery)];
  return fence.every((part) => Number.isSafeInteger(part)) ? fence : null;
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
