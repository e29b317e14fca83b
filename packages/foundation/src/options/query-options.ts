import { ConfigurationError } from "../errors/configuration-error.ts";
import { maskUrl } from "../secrets/mask-secrets.ts";
import { suggestion } from "../names/nearest-name.ts";
import { quoteValue } from "../names/quote-value.ts";
import { splitQuery } from "./split-query.ts";

/** A URL taken apart by {@link queryOptions}. */
export interface UrlWithOptions {
  /** The URL up to its question mark. */
  readonly base: string;
  /** The query as texts by name, for the driver's schema to read. */
  readonly options: Readonly<Record<string, string>>;
}

/**
 * The options in the query of a URL, such as `sqlite:queue.db?lease=3s&sweep=500ms`.
 * @param url The whole URL.
 * @param names Names that the driver knows.
 * @throws CONFIGURATION_INVALID for an unknown name, with a suggestion, for one that is given twice, and for an `@`.
 */
export function queryOptions(url: string, names: readonly string[]): UrlWithOptions {
  const { base, query } = splitQuery(url);
  const options = new Map<string, string>();
  for (const [name, value] of query) {
    if (!names.includes(name)) throw unknown(name, names, url);
    if (options.has(name)) throw new ConfigurationError(`The option ${name} is given twice in ${maskUrl(url)}.`);
    options.set(name, value);
  }
  return { base, options: Object.fromEntries(options) };
}

function unknown(name: string, names: readonly string[], url: string): ConfigurationError {
  const advice = suggestion(name, names) || ` It takes ${names.join(", ")}.`;
  return new ConfigurationError(`${quoteValue(name)} is not an option of ${maskUrl(url)}.${advice}`);
}
