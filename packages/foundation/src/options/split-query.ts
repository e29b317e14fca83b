import { ConfigurationError } from "../errors/configuration-error.ts";
import { maskUrl } from "../secrets/mask-secrets.ts";

/** A URL in two parts. */
export interface SplitUrl {
  /** The URL up to its question mark. */
  readonly base: string;
  readonly query: URLSearchParams;
}

/**
 * A URL and its query.
 * @throws CONFIGURATION_INVALID for an `@` in the query: behind it is a host then, and before it the rest of a password with a question mark,
 * which would be told as the name of an option, or its value.
 */
export function splitQuery(url: string): SplitUrl {
  const mark = url.indexOf("?");
  if (mark < 0) return { base: url, query: new URLSearchParams() };
  const query = url.slice(mark + 1);
  if (query.includes("@"))
    throw new ConfigurationError(
      `"${maskUrl(url)}" has an "@" behind its question mark: write a question mark in a password as %3F, and an "@" in an option as %40.`,
    );
  return { base: url.slice(0, mark), query: new URLSearchParams(query) };
}
