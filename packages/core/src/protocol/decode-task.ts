import { hasCode, quoteValue } from "@lovage/foundation";
import type { Message } from "@lovage/transport";

import { addHeaders, addProperties, userHeaders } from "./call-headers.ts";
import { type BodyForm, decodeUtf8, formOfContent } from "./content.ts";
import { mayHoldTags, parseJson, readTags } from "./decode-json.ts";
import { parseMessagePack } from "./decode-message-pack.ts";
import { decodePlainBody } from "./decode-plain-body.ts";
import { decompress } from "./decompress.ts";
import { PayloadDecodeError } from "./errors.ts";
import { FieldReader } from "./field-reader.ts";
import { isObject } from "./is-object.ts";
import { readArray, readEmbed, readObject } from "./read-signature.ts";
import type { TaskCall } from "./task-call.ts";

/** What is accepted. */
export interface DecodeTaskOptions {
  /** Content types, or their short names. @default ["json"] */
  readonly acceptContent?: readonly string[];
  /** Largest body, in bytes, before and after decompression. @default 16 MiB */
  readonly maxBodyBytes?: number;
  /** IANA name of the zone that times without an offset are in. @default "UTC" */
  readonly timezone?: string;
}

/**
 * The call that a message stands for. Reads protocol 2, protocol 1, and the hybrid of both (wire format, 1.9). A whole number beyond
 * 2^53, which Python may send, loses its last digits, as everywhere in JavaScript.
 * @throws PAYLOAD_DECODE for whatever is wrong with it
 */
export function decodeTask(message: Message, options: DecodeTaskOptions = {}): TaskCall {
  const { acceptContent = ["json"], maxBodyBytes = DEFAULT_MAX_BODY_BYTES, timezone = "UTC" } = options;
  let fields: Fields = message.headers;
  try {
    const form = formOfContent(message.properties, acceptContent);
    const { body, holdsTags } = parseBody(form, readBytes(message, maxBodyBytes));
    if (isObject(body)) fields = { ...body, ...message.headers };
    const parts = isObject(body) ? partsOfProtocol1(body) : partsOfProtocol2(body);
    return readCall(message, fields, holdsTags ? withValues(parts, timezone) : parts, timezone);
  } catch (error) {
    throw hasCode(error, "PAYLOAD_DECODE") ? withTask(error as PayloadDecodeError, fields) : error;
  }
}

const DEFAULT_MAX_BODY_BYTES = 16 * 1_024 * 1_024;

type Fields = Readonly<Record<string, unknown>>;

/** The body's three parts. */
interface Parts {
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly embed: unknown;
}

interface ParsedBody {
  readonly body: unknown;
  /** Whether values in it may be tagged, as Celery does where JSON has no form for them. */
  readonly holdsTags: boolean;
}

function parseBody(form: BodyForm, bytes: Uint8Array): ParsedBody {
  if (form === "message-pack") return { body: parseMessagePack(bytes, "The body"), holdsTags: false };
  const text = decodeUtf8(bytes);
  const holdsTags = mayHoldTags(text);
  const args = holdsTags ? undefined : decodePlainBody(text);
  return { body: args === undefined ? parseJson(text, "The body") : [args, undefined, undefined], holdsTags };
}

function readBytes({ headers, body }: Message, maxBytes: number): Uint8Array {
  if (body.byteLength > maxBytes) {
    throw new PayloadDecodeError(`The body has ${body.byteLength} bytes and the limit is ${maxBytes}.`, {
      fault: "too-large",
    });
  }
  const compression = headers["compression"] ?? undefined;
  return compression === undefined ? body : decompress(body, compression, maxBytes);
}

function partsOfProtocol2(body: unknown): Parts {
  if (!Array.isArray(body) || body.length !== 3) {
    throw new PayloadDecodeError(
      "The body must be an array of three elements: arguments, keyword arguments, and what follows.",
      {
        fault: "shape",
      },
    );
  }
  return { args: body[0], kwargs: body[1], embed: body[2] };
}

/** The fields of the old form are also those of an embed. Any other object is not of Celery, and no call without arguments. */
function partsOfProtocol1(body: Fields): Parts {
  if (!Object.hasOwn(body, "task") && !Object.hasOwn(body, "args")) {
    throw new PayloadDecodeError('The body is an object with neither "task" nor "args": it is none of a task.', {
      fault: "shape",
    });
  }
  return { args: body["args"], kwargs: body["kwargs"], embed: body };
}

/** What follows keeps its tags: it is sent on, perhaps to Python. */
function withValues({ args, kwargs, embed }: Parts, timezone: string): Parts {
  const reading = { timezone, as: "values", subject: "The body" } as const;
  return {
    args: readTags(args, reading),
    kwargs: readTags(kwargs, reading),
    embed: readTags(embed, { ...reading, as: "tags" }),
  };
}

type Draft = { -readonly [Key in keyof TaskCall]: TaskCall[Key] };

function readCall(message: Message, fields: Fields, parts: Parts, timezone: string): TaskCall {
  const reader = new FieldReader(fields, timezone);
  const id = reader.id("id") ?? missing("id");
  const call: Draft = {
    id,
    task: reader.id("task") ?? missing("task"),
    args: readArray(parts.args, "args") ?? [],
    kwargs: readObject(parts.kwargs, "kwargs") ?? {},
    embed: readEmbed(parts.embed),
    retries: 0,
    rootId: id,
    headers: userHeaders(message.headers),
  };
  addHeaders(call, reader, fields);
  addProperties(call, message);
  return call;
}

function missing(name: string): never {
  throw new PayloadDecodeError(`The message has no "${name}".`, { fault: "header" });
}

/** The same error, saying whose message it is, as far as that could be read. */
function withTask(error: PayloadDecodeError, fields: Fields): PayloadDecodeError {
  const { id, task } = fields;
  // Not one that not every store can keep: nothing could be recorded under it.
  const taskId = typeof id === "string" && id !== "" && !id.includes("\0") ? id : undefined;
  const name = typeof task === "string" && task !== "" ? task : undefined;
  if (taskId === undefined && name === undefined) return error;
  return new PayloadDecodeError(`Message of task ${quoteValue(name)}, id ${quoteValue(taskId)}: ${error.message}`, {
    fault: error.fault,
    taskId,
    task: name,
    cause: error.cause,
  });
}
