import type { MessageAttributeValue } from "@aws-sdk/client-sqs";

/**
 * What a message carries beside its body, in the message attribute `lovage`. SQS counts receives, whatever came of them; so whatever is put
 * back uncounted goes back as a copy, with a fresh count of receives and this.
 */
export interface Stamp {
  /** Losses before this copy. */
  readonly losses: number;
  /** Fences of later deliveries are above this. */
  readonly fence: number;
  /** It was delivered before, as another copy. */
  readonly redelivered: boolean;
  /** Not to be delivered earlier than so many ms after this copy was sent. */
  readonly waitMs: number;
  /** How often its body, which is elsewhere, could not be fetched. */
  readonly misses: number;
  /** FIFO queue that a delayed message goes on to. */
  readonly next?: FifoAddress;
}

/** A place in a FIFO queue. */
export interface FifoAddress {
  readonly queue: string;
  readonly group: string;
  readonly deduplication: string;
}

/** Of a message that has nothing to tell. */
export const blankStamp: Stamp = { losses: 0, fence: 0, redelivered: false, waitMs: 0, misses: 0 };

const attribute = "lovage";

/** The attributes of a copy; none for a blank stamp. */
export function writeStamp(stamp: Stamp): Record<string, MessageAttributeValue> | undefined {
  const { losses, fence, redelivered, waitMs, misses, next } = stamp;
  if (losses === 0 && fence === 0 && !redelivered && waitMs === 0 && misses === 0) return undefined;
  const fields = {
    l: losses,
    f: fence,
    r: redelivered ? 1 : 0,
    w: waitMs,
    ...(misses === 0 ? {} : { m: misses }),
    ...(next === undefined ? {} : { n: next }),
  };
  return { [attribute]: { DataType: "String", StringValue: JSON.stringify(fields) } };
}

/** The stamp in a message's attributes; blank where there is none or somebody else's. */
export function readStamp(attributes: Readonly<Record<string, MessageAttributeValue>> | undefined): Stamp {
  const fields = parse(attributes?.[attribute]?.StringValue);
  return {
    losses: count(fields["l"]),
    fence: count(fields["f"]),
    redelivered: fields["r"] === 1,
    waitMs: count(fields["w"]),
    misses: count(fields["m"]),
    ...readNext(fields["n"]),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parse(text: string | undefined): Fields {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Fields) : {};
  } catch {
    // An attribute of the same name that is not ours tells nothing.
    return {};
  }
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function readNext(value: unknown): Pick<Stamp, "next"> {
  const { queue, group, deduplication } = (typeof value === "object" && value !== null ? value : {}) as Fields;
  const isAddress = typeof queue === "string" && typeof group === "string" && typeof deduplication === "string";
  return isAddress ? { next: { queue, group, deduplication } } : {};
}
