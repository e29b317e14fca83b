import { ConfigurationError, maskUrl, quoteValue } from "@lovage/foundation";

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
 * @throws CONFIGURATION_INVALID for an unknown name, with a suggestion, and for one that is given twice.
 */
export function queryOptions(url: string, names: readonly string[]): UrlWithOptions {
  const mark = url.indexOf("?");
  if (mark < 0) return { base: url, options: {} };
  const options = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(url.slice(mark + 1))) {
    if (!names.includes(name)) throw unknown(name, names, url);
    if (options.has(name)) throw new ConfigurationError(`The option ${name} is given twice in ${maskUrl(url)}.`);
    options.set(name, value);
  }
  return { base: url.slice(0, mark), options: Object.fromEntries(options) };
}

function unknown(name: string, names: readonly string[], url: string): ConfigurationError {
  const near = nearest(name.slice(0, 64), names);
  const advice = near === undefined ? `It takes ${names.join(", ")}.` : `Did you mean ${near}?`;
  return new ConfigurationError(`${quoteValue(name)} is not an option of ${maskUrl(url)}. ${advice}`);
}

/** The name that fewest edits lead to, if these are at most half of its letters. */
function nearest(text: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, edits: editsBetween(text.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= best.name.length / 2 ? best.name : undefined;
}

function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
