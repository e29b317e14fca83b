import { isLovageError, maskSecrets, quoteValue } from "@lovage/foundation";

import { celeryModules } from "./task-exception.ts";
import type { TaskException } from "./task-exception.ts";

const maxNameLength = 200;
const maxMessageLength = 2_048;
const maxStackLength = 8_192;
/** Errors behind an error (causes, members of an AggregateError) that are told of. */
const maxRelated = 8;

/**
 * What a task threw, as a result holds it. Takes any value at all: no error, a proxy or a getter that throws, a structure that holds itself.
 * Never throws; name, message and stack are cut to 200, 2 048 and 8 192 characters, and secrets in URLs masked.
 */
export function describeError(thrown: unknown): TaskException {
  try {
    return isErrorLike(thrown) ? describeErrorLike(thrown) : describeValue(thrown);
  } catch {
    // Whatever it was, it is made to be unreadable; that alone can be said.
    return plainError("A value was thrown that cannot be read.");
  }
}

function isErrorLike(thrown: unknown): thrown is object {
  return typeof thrown === "object" && thrown !== null && readText(thrown, "message") !== undefined;
}

function describeErrorLike(error: object): TaskException {
  const type = cut(readText(error, "name") || readClassName(error) || "Error", maxNameLength);
  const message = cut(readText(error, "message") ?? "", maxMessageLength);
  return {
    type,
    message,
    args: [message],
    module: moduleOf(error, type),
    traceback: describeStack(error, type, message),
  };
}

function describeValue(thrown: unknown): TaskException {
  const shown =
    typeof thrown === "string" ? cut(thrown, maxMessageLength) : `${quoteValue(thrown)} was thrown, which is no error.`;
  return plainError(shown);
}

function plainError(message: string): TaskException {
  return { type: "Error", message, args: [message], module: "js", traceback: undefined };
}

/** An error that came from elsewhere keeps the module it came with; those of Celery's own kind get theirs. */
function moduleOf(error: object, type: string): string {
  const own = readText(error, "exceptionModule");
  if (own !== undefined && own !== "") return cut(own, maxNameLength);
  return (isLovageError(error) ? celeryModules.get(type) : undefined) ?? "js";
}

/** The stack, then those of its causes and, for an AggregateError, of its members. */
function describeStack(error: object, type: string, message: string): string {
  const told = new Set<object>([error]);
  const parts = [readText(error, "stack") ?? `${type}: ${message}`];
  addRelated(error, parts, told);
  return cut(parts.join("\n"), maxStackLength);
}

function addRelated(error: object, parts: string[], told: Set<object>): void {
  for (const [label, related] of relatedErrors(error)) {
    if (told.size > maxRelated || (typeof related === "object" && related !== null && told.has(related))) continue;
    if (!isErrorLike(related)) {
      if (related !== undefined) parts.push(`  [${label}]: ${safely(() => quoteValue(related)) ?? "unreadable"}`);
      continue;
    }
    told.add(related);
    const stack = readText(related, "stack") ?? readText(related, "message") ?? "";
    parts.push(`  [${label}]: ${stack.slice(0, maxStackLength).replaceAll("\n", "\n  ")}`);
    addRelated(related, parts, told);
  }
}

function relatedErrors(error: object): readonly (readonly [label: string, error: unknown])[] {
  const members = safely(() => Reflect.get(error, "errors") as unknown);
  const first = Array.isArray(members) ? safely(() => members.slice(0, maxRelated) as unknown[]) : undefined;
  return [
    ["cause", safely(() => Reflect.get(error, "cause") as unknown)],
    ...(first ?? []).map((member, index) => [`errors[${index}]`, member] as const),
  ];
}

function readClassName(error: object): string | undefined {
  const constructor = safely(() => Reflect.get(error, "constructor") as unknown);
  return typeof constructor === "function" ? readText(constructor, "name") : undefined;
}

/** A property that is a text; `undefined` for anything else, and where reading it throws. */
function readText(object: object, key: string): string | undefined {
  const value = safely(() => Reflect.get(object, key) as unknown);
  return typeof value === "string" ? value : undefined;
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // A getter or a proxy threw: to the reader the property is not there.
    return undefined;
  }
}

/** Cut before it is masked, with room to spare: masking takes time in the length of the text. */
function cut(text: string, maxLength: number): string {
  const masked = maskSecrets(text.slice(0, maxLength * 2)).toWellFormed();
  return masked.length > maxLength ? `${masked.slice(0, maxLength - 1).toWellFormed()}…` : masked;
}
