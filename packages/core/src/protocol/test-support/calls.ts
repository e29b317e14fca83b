import type { Message } from "@lovage/transport";

import type { TaskCall } from "../task-call.ts";

/** A call of `shop.add(2, 3)`. */
export function aCall(changes: Partial<TaskCall> = {}): TaskCall {
  const id = "11111111-1111-4111-8111-111111111111";
  return { id, task: "shop.add", args: [2, 3], kwargs: {}, embed: {}, retries: 0, rootId: id, headers: {}, ...changes };
}

/** A message of protocol 2 whose parts a test changes. */
export function aMessage(changes: { headers?: object; body?: string | Uint8Array; properties?: object } = {}): Message {
  const { headers = {}, body = "[[2,3],{},{}]", properties = {} } = changes;
  return {
    headers: { lang: "py", task: "shop.add", id: "11111111-1111-4111-8111-111111111111", ...headers },
    properties: { messageId: "m", contentType: "application/json", contentEncoding: "utf-8", ...properties },
    body: typeof body === "string" ? Buffer.from(body) : body,
  };
}
