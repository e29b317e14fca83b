import type { Message } from "@lovage/transport";

/** Header of a message whose body is elsewhere. */
const header = "x-lovage-claim";
/** As keys are made here; somebody else's header must not lead out of its place. */
const keyForm = /^[\w-]+(\.fifo)?\/[\w-]+$/;

/** The message without its body, which is under this key. */
export function withClaim<M extends Message>(message: M, key: string): M {
  const headers = { ...message.headers, [header]: { key, bytes: message.body.byteLength } };
  return { ...message, headers, body: new Uint8Array() };
}

/** Where a message's body is; `undefined` for one that carries its own. */
export function claimOf({ headers, body }: Message): string | undefined {
  const value = headers[header];
  if (body.byteLength > 0 || typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { key } = value as { readonly [name: string]: unknown };
  return typeof key === "string" && keyForm.test(key) ? key : undefined;
}

/** The message with its body again. */
export function withBody(message: Message, body: Uint8Array): Message {
  const { [header]: _, ...headers } = message.headers;
  return { ...message, headers, body };
}
