import { maskSecrets } from "./mask-secrets.ts";
import { withoutUndefined } from "../without-undefined.ts";

const maxDepth = 4;
const maxItems = 50;

/** Fields of a log line with the secrets of all their texts masked, errors as plain data, and bounded in depth and length. */
export function maskFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return maskEntries(Object.entries(fields), maxDepth);
}

function maskEntries(entries: readonly [string, unknown][], depth: number): Record<string, unknown> {
  return Object.fromEntries(entries.slice(0, maxItems).map(([key, value]) => [key, maskValue(value, depth)]));
}

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return maskSecrets(value);
  if (typeof value === "bigint") return String(value);
  // A function says nothing in a line, and one of the name `toJSON` would be called.
  if (typeof value === "function") return undefined;
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (depth === 0) return "…";
  if (value instanceof Error) return maskError(value, depth);
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => maskValue(item, depth - 1));
  return maskEntries(Object.entries(value), depth - 1);
}

function maskError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const code = (error as { readonly code?: unknown }).code;
  const known = { name, code, message, stack, cause };
  return maskEntries(Object.entries(withoutUndefined(known)), depth - 1);
}
