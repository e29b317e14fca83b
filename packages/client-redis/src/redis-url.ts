import { ConfigurationError, maskUrl } from "@lovage/foundation";

/** A server's address. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** What a `redis:` or `rediss:` URL says. */
export interface RedisLocation {
  /** One server, or any number of sentinels. */
  readonly hosts: readonly [RedisHost, ...RedisHost[]];
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
}

const form = 'write "redis://user:password@host:6379/0", with "rediss:" for TLS and several hosts separated by commas';
const shape = /^(rediss?):(?:\/\/(?:(.*)@)?([^/?#@]*))?(?:\/([^?#]*))?$/is;
const defaultPort = 6379;

/**
 * Takes a URL apart, without its query: `redis://localhost:6379/0`, `rediss://:password@host`, and `redis://one:26379,two:26379/0` for
 * sentinels. User and password are percent-encoded.
 * @throws ConfigurationError (`CONFIGURATION_INVALID`) for what is no such URL
 */
export function parseRedisUrl(url: string): RedisLocation {
  const [, scheme = "", userinfo, hosts = "", path = ""] = shape.exec(url) ?? fail(url, "is no URL of Redis");
  // What stands there may be a password, and the server another one.
  if (userinfo?.startsWith("/") === true || path.includes("@")) fail(url, 'has an "@" behind one slash, or three');
  const [first, ...others] = (hosts === "" ? "localhost" : hosts).split(",").map((host) => parseHost(url, host));
  if (first === undefined) return fail(url, "names no host");
  return {
    hosts: [first, ...others],
    tls: scheme.toLowerCase() === "rediss",
    ...parseUser(url, userinfo),
    db: parseDb(url, path),
  };
}

function parseHost(url: string, text: string): RedisHost {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/i.exec(text.trim()) ?? [];
  const host = bracketed ?? plain;
  const number = port === undefined ? defaultPort : Number(port);
  if (host === undefined || number < 1 || number > 65_535) return fail(url, "has a host that cannot be used");
  return { host, port: number };
}

function parseUser(url: string, userinfo: string | undefined): Pick<RedisLocation, "username" | "password"> {
  if (userinfo === undefined || userinfo === "") return {};
  const colon = userinfo.indexOf(":");
  // Redis before ACLs knew only a password, so a lone word has always been one.
  const [name, password] = colon < 0 ? ["", userinfo] : [userinfo.slice(0, colon), userinfo.slice(colon + 1)];
  return {
    ...(name === "" ? {} : { username: decode(url, name) }),
    ...(password === "" ? {} : { password: decode(url, password) }),
  };
}

function parseDb(url: string, path: string): number {
  if (path === "") return 0;
  if (/^\d{1,5}$/.test(path)) return Number(path);
  return fail(url, `has a path that is no number of a database ("${path}")`);
}

function decode(url: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The text itself would show the password.
    return fail(url, "has a user or password with a percent sign that starts no character (write it as %25)");
  }
}

/** The servers, for messages. */
export function hostsOf({ hosts }: Pick<RedisLocation, "hosts">): string {
  return hosts.map(({ host, port }) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`)).join(",");
}

function fail(url: string, fault: string): never {
  throw new ConfigurationError(`"${maskUrl(url)}" ${fault}: ${form}.`);
}
