import { isUtf8 } from "node:buffer";

import { quoteValue } from "@lovage/foundation";
import type { MessageProperties } from "@lovage/transport";

import { PayloadDecodeError } from "./errors.ts";

/** Content type of everything Lovage sends. */
export const JSON_TYPE = "application/json";
/** Content encoding of everything Lovage sends. */
export const UTF8_ENCODING = "utf-8";

/** Names that `acceptContent` may use beside content types. */
const typeOfAlias: ReadonlyMap<string, string> = new Map([
  ["json", JSON_TYPE],
  ["msgpack", "application/x-msgpack"],
  ["pickle", "application/x-python-serialize"],
  ["yaml", "application/x-yaml"],
]);

const textEncodings: ReadonlySet<string> = new Set(["", "utf-8", "utf8", "us-ascii", "ascii", "binary", "8bit"]);

/**
 * Refuses content before a byte of it is read: what is not accepted, and what is never decoded (pickle and YAML can run
 * code in their reader; MessagePack is not built in).
 * @throws PAYLOAD_DECODE
 */
export function checkContent(properties: MessageProperties, accepted: readonly string[]): void {
  // Drivers pass on what they find; a foreign message may have neither.
  const { contentType, contentEncoding } = properties as Partial<MessageProperties>;
  if (contentType === JSON_TYPE && accepted.includes("json")) {
    if (contentEncoding === UTF8_ENCODING) return;
  } else checkType(contentType, accepted);
  if (typeof contentEncoding === "string" && !textEncodings.has(contentEncoding.toLowerCase())) {
    throw new PayloadDecodeError(`The content encoding ${quoteValue(contentEncoding)} is not supported: use utf-8.`, {
      fault: "encoding",
    });
  }
}

function checkType(contentType: unknown, accepted: readonly string[]): void {
  if (typeof contentType !== "string" || contentType === "") {
    throw new PayloadDecodeError("The message has no content type.", { fault: "content-type" });
  }
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  const isAccepted = accepted.some((name) => (typeOfAlias.get(name) ?? name) === type);
  if (isAccepted && type === JSON_TYPE) return;
  throw new PayloadDecodeError(
    isAccepted
      ? `The content type ${quoteValue(contentType)} cannot be decoded: only ${JSON_TYPE} can.`
      : `The content type ${quoteValue(contentType)} is not accepted: acceptContent has ${accepted.join(", ") || "nothing"}.`,
    { fault: "content-type" },
  );
}

/** Bytes as text. @throws PAYLOAD_DECODE for what is not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new PayloadDecodeError("The body is not valid UTF-8.", { fault: "encoding" });
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
