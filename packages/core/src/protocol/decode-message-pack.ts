import { decode, ExtensionCodec } from "@msgpack/msgpack";

import { asBuffer } from "@lovage/foundation";
import { MAX_DECODE_DEPTH } from "./decode-json.ts";
import { PayloadDecodeError } from "./errors.ts";
import { skimMessagePack } from "./skim-message-pack.ts";

/** Timestamps only: what other extensions mean nobody has told. */
const extensions = new ExtensionCodec();

/**
 * MessagePack as data: timestamps as `Date`, binary as `Buffer`. A map with the key `__proto__`, or with keys that are neither text nor numbers, is
 * refused.
 * @throws PAYLOAD_DECODE for what is no MessagePack, nested too deeply, or of an unknown extension type
 */
export function parseMessagePack(bytes: Uint8Array, subject: string): unknown {
  const { fault, extensionTypes } = skimMessagePack(bytes, MAX_DECODE_DEPTH);
  if (fault === "too-deep") {
    throw new PayloadDecodeError(`${subject} is nested more than ${MAX_DECODE_DEPTH} deep.`, { fault: "too-deep" });
  }
  if (fault !== undefined) throw new PayloadDecodeError(`${subject} is not valid MessagePack.`, { fault: "syntax" });
  const unknown = [...extensionTypes].find((type) => type !== timestampType);
  if (unknown !== undefined) {
    throw new PayloadDecodeError(`${subject} has MessagePack's extension type ${unknown}, which is not known here.`, {
      fault: "shape",
    });
  }
  try {
    // Binary values are slices of what is read, and of its class.
    return decode(asBuffer(bytes), { extensionCodec: extensions });
  } catch (cause) {
    throw new PayloadDecodeError(`${subject} is not valid MessagePack.`, { fault: "syntax", cause });
  }
}

const timestampType = -1;
