import { ConfigurationError, maskUrl } from "@lovage/foundation";

/** What a `postgres:` or `postgresql:` URL says, without its query. */
export interface PostgresLocation {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

const form = 'write "postgres://user:password@host:5432/database"';
const shape = /^postgres(?:ql)?:\/\/(?:(.*)@)?([^/?#@]*)(?:\/([^?#]*))?$/is;
const defaultPort = 5432;

/**
 * Takes a URL apart, without its query. User, password and database are percent-encoded. An empty host is this machine; a host that begins with a
 * percent-encoded slash is the folder of a socket.
 * @throws ConfigurationError (`CONFIGURATION_INVALID`) for what is no such URL
 */
export function parsePostgresUrl(url: string): PostgresLocation {
  const [, userinfo = "", host = "", path = ""] = shape.exec(url) ?? fail(url, "is no URL of PostgreSQL");
  // The database, or the password: whoever guesses may send a password to another host.
  if (/^\/|@.*\//s.test(userinfo)) fail(url, 'has an "@" behind a "/" (write it as %40)');
  const colon = userinfo.indexOf(":");
  const user = decode(url, colon < 0 ? userinfo : userinfo.slice(0, colon));
  const password = colon < 0 ? "" : decode(url, userinfo.slice(colon + 1));
  const database = decode(url, path);
  return {
    ...parseHost(url, host),
    ...(user === "" ? {} : { user }),
    ...(password === "" ? {} : { password }),
    ...(database === "" ? {} : { database }),
  };
}

function parseHost(url: string, text: string): { host: string; port: number } {
  const [, bracketed, plain = "", port] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]*))(?::(\d{1,5}))?$/i.exec(text) ?? [
    fail(url, "has a host that cannot be used"),
  ];
  const number = port === undefined ? defaultPort : Number(port);
  if (number < 1 || number > 65_535) return fail(url, "has a port that cannot be used");
  return { host: bracketed ?? (plain === "" ? "localhost" : decode(url, plain)), port: number };
}

function decode(url: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The text itself would show the password.
    return fail(url, "has a percent sign that starts no character (write it as %25)");
  }
}

/** The server and the database, for messages. */
export function placeOf({ host, port, database = "" }: Omit<PostgresLocation, "password">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}/${database}`;
}

function fail(url: string, fault: string): never {
  throw new ConfigurationError(`"${maskUrl(url)}" ${fault}: ${form}.`);
}
