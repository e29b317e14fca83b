import type { ChannelModel } from "amqplib";

/** How the client reads frames; its types do not tell. */
export interface FrameReader {
  /** What was received and is not read yet. */
  rest: Buffer;
  /** Reads the next frame of it. */
  recvFrame(): unknown;
}

/** Tables within tables, and lists: more than anybody looks at. The client's way of reading them ends the stack at some thousands. */
const deepest = 200;
/** Kinds of values that are as long as they are, by the letters they go by. */
const sizes = new Map(
  Object.entries({ V: 0, t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, f: 4, D: 5, l: 8, L: 8, d: 8, T: 8 }),
);
/** Of a frame: its kind, its channel and its length. */
const headBytes = 7;
const headersOfMessage = 2;
/** Behind the head: a class, a weight, the length of the body; then which properties there are. */
const flagsAt = headBytes + 12;

/**
 * Has a message come through whose headers the client cannot read: it knows no `L`, as which Python writes whole numbers of more than 32 bits, and which RabbitMQ
 * up to 3.12 passes on as it came, and no nesting without a bound. Either would end the connection, again and again, since the message comes first each time.
 */
export function readAllHeaders({ connection }: Pick<ChannelModel, "connection">): void {
  const reader = connection as unknown as FrameReader;
  const receive = reader.recvFrame.bind(reader);
  reader.recvFrame = () => {
    const { rest } = reader;
    try {
      return receive();
    } catch (error) {
      if (!mendFrame(rest)) throw error;
      reader.rest = rest;
      return receive();
    }
  };
}

/** @returns whether there was something to mend in the frame that comes first */
function mendFrame(frame: Buffer): boolean {
  try {
    const table = headerTableIn(frame);
    if (table === undefined) return false;
    const mender = new TableMender(table);
    mender.mend();
    return mender.hasMended;
  } catch {
    // It is no table at all: what the client said of it stands.
    return false;
  }
}

function headerTableIn(frame: Buffer): Buffer | undefined {
  if (frame.length < headBytes || frame.readUInt8(0) !== headersOfMessage) return undefined;
  if (frame.length <= headBytes + frame.readUInt32BE(3)) return undefined;
  const flags = frame.readUInt16BE(flagsAt);
  const [hasType, hasEncoding, hasHeaders] = [0x80_00, 0x40_00, 0x20_00].map((flag) => (flags & flag) !== 0);
  let at = flagsAt + 2;
  if (hasType === true) at += 1 + frame.readUInt8(at);
  if (hasEncoding === true) at += 1 + frame.readUInt8(at);
  return hasHeaders === true ? frame.subarray(at + 4, at + 4 + frame.readUInt32BE(at)) : undefined;
}

/** Writes over the letters of values, whose lengths stay: `l` for `L`, and bytes for a table or a list that is too deep. */
class TableMender {
  hasMended = false;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  mend(): void {
    this.#table(this.#bytes.length, 0);
  }

  #table(end: number, depth: number): void {
    while (this.#at < end) {
      this.#at += 1 + this.#bytes.readUInt8(this.#at);
      this.#value(depth);
    }
  }

  #list(end: number, depth: number): void {
    while (this.#at < end) this.#value(depth);
  }

  #value(depth: number): void {
    const kind = String.fromCharCode(this.#bytes.readUInt8(this.#at));
    if (kind === "L") this.#write("l");
    this.#at += 1;
    const size = sizes.get(kind);
    if (size === undefined) this.#longValue(kind, depth);
    else this.#at += size;
  }

  #longValue(kind: string, depth: number): void {
    const end = this.#at + 4 + this.#bytes.readUInt32BE(this.#at);
    const isNested = kind === "F" || kind === "A";
    if (isNested && depth === deepest) this.#write("x", this.#at - 1);
    else if (isNested) {
      this.#at += 4;
      if (kind === "F") this.#table(end, depth + 1);
      else this.#list(end, depth + 1);
    }
    this.#at = end;
  }

  #write(kind: string, at = this.#at): void {
    this.#bytes.write(kind, at, "latin1");
    this.hasMended = true;
  }
}
