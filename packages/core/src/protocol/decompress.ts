import { brotliDecompressSync, unzipSync, zstdDecompressSync } from "node:zlib";

import { hasCode, quoteValue } from "@lovage/foundation";

import { BeyondLimitError } from "./bzip2/bounded-output.ts";
import { bunzip2 } from "./bzip2/bunzip2.ts";
import { PayloadDecodeError } from "./errors.ts";

type Decompress = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

/**
 * What can be decompressed, by the name in the header `compression`. Celery calls a zlib stream gzip; here either may
 * come under that name.
 */
const readers: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ["application/x-gzip", unzipSync],
  ["application/x-brotli", brotliDecompressSync],
  ["application/zstd", zstdDecompressSync],
  ["application/x-bz2", bunzip2],
]);

/**
 * Decompresses a body, up to a limit: a small message can hold gigabytes.
 * @throws PAYLOAD_DECODE: unknown compression (lzma among them), broken bytes, too large
 */
export function decompress(bytes: Uint8Array, compression: unknown, maxBytes: number): Uint8Array {
  const read = typeof compression === "string" ? readers.get(compression) : undefined;
  if (read === undefined) {
    throw new PayloadDecodeError(
      `The compression ${quoteValue(compression)} is not supported: use zlib (${[...readers.keys()].join(", ")}).`,
      { fault: "compression" },
    );
  }
  try {
    return read(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    if (hasCode(cause, "ERR_BUFFER_TOO_LARGE") || cause instanceof BeyondLimitError) {
      throw new PayloadDecodeError(`The body has more than ${maxBytes} bytes once it is decompressed.`, {
        fault: "too-large",
        cause,
      });
    }
    throw new PayloadDecodeError(`The body cannot be decompressed as ${String(compression)}.`, {
      fault: "compression",
      cause,
    });
  }
}
