import { NameError } from "../errors/name-error.ts";
import { quoteValue } from "./quote-value.ts";

/** What a name is of; decides which names are accepted. */
export type NameKind = "queue" | "exchange" | "app" | "worker" | "task" | "schedule";

/** What {@link checkName} is to accept. */
export interface NameOptions {
  /** What the name is of. */
  readonly kind: NameKind;
  /**
   * Longest accepted name, in bytes of UTF-8.
   * @default 200 for queues, exchanges, apps and workers; 255 for tasks and schedules
   */
  readonly maxBytes?: number | undefined;
}

/** One rule for names that brokers see in keys, files and SQL, one for names that travel only as text. */
const addressRule = {
  maxBytes: 200,
  accepts: (name: string): boolean =>
    /^[A-Za-z0-9_:@~+-][A-Za-z0-9._:/@~+-]*$/.test(name) && !name.split("/").includes(".."),
  text: 'ASCII letters, digits and the characters . _ : / @ ~ + -, not starting with "." or "/", without a ".." segment',
};
const labelRule = {
  maxBytes: 255,
  accepts: (name: string): boolean => name.trim() === name && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(name),
  text: "printable characters, without a space at its start or end",
};

const rules: Record<NameKind, typeof addressRule> = {
  queue: addressRule,
  exchange: addressRule,
  app: addressRule,
  worker: addressRule,
  task: labelRule,
  schedule: labelRule,
};

/** Names that would reach into the prototype of a plain object somewhere, here or in a client library. */
const reserved: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Gives a name back when it is allowed. Called before any I/O.
 * @throws NameError (`NAME_INVALID`) that shows the name and tells which names are accepted.
 */
export function checkName(value: unknown, options: NameOptions): string {
  const rule = rules[options.kind];
  const maxBytes = options.maxBytes ?? rule.maxBytes;
  if (typeof value === "string" && isAllowed(value, rule, maxBytes)) return value;
  throw new NameError(
    `${quoteValue(value)} is not a valid ${options.kind} name: it must be 1 to ${maxBytes} bytes of ${rule.text}${
      typeof value === "string" && reserved.has(value) ? ", and this name is reserved" : ""
    }.`,
  );
}

function isAllowed(name: string, rule: typeof addressRule, maxBytes: number): boolean {
  // The length in characters first: the byte count of a huge text is not worth its time.
  if (name.length === 0 || name.length > maxBytes || Buffer.byteLength(name) > maxBytes) return false;
  return rule.accepts(name) && !reserved.has(name);
}
