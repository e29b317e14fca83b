import { resolve } from "node:path";

import { ConfigurationError, OptionError } from "@lovage/foundation";

/** What a `sqlite:` URL says. */
export interface SqliteLocation {
  /** Absolute path of the database file. */
  readonly path: string;
  /** The options behind the `?`, for the driver to check. */
  readonly query: URLSearchParams;
}

const examples = 'write "sqlite:queue.db" (relative to the working directory) or "sqlite:///var/lib/shop/queue.db"';

/**
 * Takes a `sqlite:` URL apart: `sqlite:queue.db`, `sqlite:.lovage/queue.db`, `sqlite:///var/lib/queue.db`, each with
 * `?option=value` behind it. Characters with a meaning in URLs are percent-encoded in the path.
 * @param cwd What relative paths are relative to. @default the working directory
 * @throws ConfigurationError (`CONFIGURATION_INVALID`) for a database in memory, a host, or no path at all.
 */
export function parseSqliteUrl(url: string, cwd: string = process.cwd()): SqliteLocation {
  const [, location = "", query = ""] =
    /^sqlite:([^?]*)(?:\?(.*))?$/is.exec(url) ?? fail(url, "does not begin with sqlite:");
  const path = decode(url, location);
  if (path.includes(":memory:")) {
    throw new ConfigurationError(
      'A SQLite database in memory is seen by one connection only and cannot be a queue: use "memory:" for a queue inside one process, or "sqlite:queue.db" for a file.',
    );
  }
  if (path === "") fail(url, "has no path");
  if (path.includes("\0")) fail(url, "has a zero byte in its path");
  if (/^\/\/[^/]/.test(path)) fail(url, "names a host where SQLite has only files");
  return { path: resolve(cwd, withoutAuthority(path)), query: new URLSearchParams(query) };
}

function decode(url: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new OptionError(`The path in "${url}" has a percent sign that starts no character: write it as %25.`, {
      field: "url",
      cause,
    });
  }
}

/** `///var/x` is `/var/x`, and `///C:/x` is `C:/x`. */
function withoutAuthority(path: string): string {
  const rooted = path.startsWith("///") ? path.slice(2) : path;
  return /^\/[a-z]:/i.test(rooted) ? rooted.slice(1) : rooted;
}

function fail(url: string, fault: string): never {
  throw new ConfigurationError(`The URL "${url}" ${fault}: ${examples}.`);
}
