import { isUtf8 } from "node:buffer";

import { asBuffer, quoteValue } from "@lovage/foundation";
import type { MessageProperties } from "@lovage/transport";

import { PayloadDecodeError } from "./errors.ts";

/** Content type of everything Lovage sends. */
export const JSON_TYPE = "application/json";
/** Content type of bodies that Celery serializes with `msgpack`. */
const MESSAGE_PACK_TYPE = "application/x-msgpack";
/** Content encoding of everything Lovage sends. */
export const UTF8_ENCODING = "utf-8";

/** Names that `acceptContent` may use beside content types. */
const typeOfAlias: ReadonlyMap<string, string> = new Map([
  ["json", JSON_TYPE],
  ["msgpack", MESSAGE_PACK_TYPE],
  ["pickle", "application/x-python-serialize"],
  ["yaml", "application/x-yaml"],
]);

const knownTypes: ReadonlySet<string> = new Set(typeOfAlias.values());

/** All that `acceptContent` may say. */
export const contentNames: readonly string[] = [...typeOfAlias.keys(), ...knownTypes];

/** The content type that a name of `acceptContent` stands for; `undefined` if nobody knows it. */
export function contentTypeOf(name: string): string | undefined {
  const written = withoutParameters(name);
  const type = typeOfAlias.get(written) ?? written;
  return knownTypes.has(type) ? type : undefined;
}

function withoutParameters(contentType: string): string {
  return contentType.replace(/;.*$/s, "").trim().toLowerCase();
}

const textEncodings: ReadonlySet<string> = new Set(["", "utf-8", "utf8", "us-ascii", "ascii", "binary", "8bit"]);

/** How a body is read. */
export type BodyForm = "json" | "message-pack";

const formOfType: ReadonlyMap<string, BodyForm> = new Map([
  [JSON_TYPE, "json"],
  [MESSAGE_PACK_TYPE, "message-pack"],
]);

/**
 * Says how a body is to be read, and refuses before a byte of it is read what is not accepted and what is never decoded (pickle and
 * YAML can run code in their reader).
 * @throws PAYLOAD_DECODE
 */
export function formOfContent(properties: MessageProperties, accepted: readonly string[]): BodyForm {
  // Drivers pass on what they find; a foreign message may have neither.
  const { contentType, contentEncoding } = properties as Partial<MessageProperties>;
  const isUsual = contentType === JSON_TYPE && contentEncoding === UTF8_ENCODING;
  if (isUsual && (accepted.includes(JSON_TYPE) || accepted.includes("json"))) return "json";
  const form = readableForm(contentType, accepted);
  if (typeof contentEncoding === "string" && !textEncodings.has(contentEncoding.toLowerCase())) {
    throw new PayloadDecodeError(`The content encoding ${quoteValue(contentEncoding)} is not supported: use utf-8.`, {
      fault: "encoding",
    });
  }
  return form;
}

function readableForm(contentType: unknown, accepted: readonly string[]): BodyForm {
  if (typeof contentType !== "string" || contentType === "") {
    throw new PayloadDecodeError("The message has no content type.", { fault: "content-type" });
  }
  const type = withoutParameters(contentType);
  const isAccepted = accepted.some((name) => (typeOfAlias.get(name) ?? name) === type);
  const form = formOfType.get(type);
  if (isAccepted && form !== undefined) return form;
  throw new PayloadDecodeError(
    isAccepted
      ? `The content type ${quoteValue(contentType)} cannot be decoded: only ${[...formOfType.keys()].join(" and ")} can.`
      : `The content type ${quoteValue(contentType)} is not accepted: acceptContent has ${accepted.join(", ") || "nothing"}.`,
    { fault: "content-type" },
  );
}

/** Bytes as text. @throws PAYLOAD_DECODE for what is not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new PayloadDecodeError("The body is not valid UTF-8.", { fault: "encoding" });
  return asBuffer(bytes).toString();
}
