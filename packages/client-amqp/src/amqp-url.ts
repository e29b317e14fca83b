import { ConfigurationError, maskUrl } from "@lovage/foundation";

/** A server's address. */
export interface AmqpHost {
  readonly host: string;
  readonly port: number;
}

/** What an `amqp:` or `amqps:` URL says. */
export interface AmqpLocation {
  /** Nodes of one cluster; tried one after the other. */
  readonly hosts: readonly [AmqpHost, ...AmqpHost[]];
  readonly tls: boolean;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
}

const form =
  'write "amqp://user:password@host:5672/vhost", with "amqps:" for TLS and the nodes of a cluster separated by commas';
const shape = /^(amqps?):(?:\/\/(?:(.*)@)?([^/?#@]*))?(?:\/([^?#]*))?$/is;

/**
 * Takes a URL apart, without its query: `amqp://localhost`, `amqps://user:password@one,two:5671/shop`. User, password and vhost are
 * percent-encoded; no path and an empty one both mean the vhost `/`, as Celery reads them. Without a user it is `guest`.
 * @throws ConfigurationError (`CONFIGURATION_INVALID`) for what is no such URL
 */
export function parseAmqpUrl(url: string): AmqpLocation {
  const [, scheme = "", userinfo, hosts = "", path = ""] = shape.exec(url) ?? fail(url, "is no URL of RabbitMQ");
  checkPlaces(url, userinfo ?? "", path);
  const tls = scheme.toLowerCase() === "amqps";
  const port = tls ? 5671 : 5672;
  const [first, ...others] = (hosts === "" ? "localhost" : hosts).split(",").map((host) => parseHost(url, host, port));
  if (first === undefined) return fail(url, "names no host");
  return {
    hosts: [first, ...others],
    tls,
    ...parseUser(url, userinfo),
    vhost: path === "" ? "/" : decode(url, path, "vhost"),
  };
}

/** The path, or the password: whoever guesses may send a password to another host. */
function checkPlaces(url: string, userinfo: string, path: string): void {
  if (/@.*\//s.test(userinfo)) fail(url, 'has an "@" behind a "/" (write it as %40)');
  if (userinfo.startsWith("/") || path.includes("@")) fail(url, 'has an "@" behind one slash, or three');
}

function parseHost(url: string, text: string, defaultPort: number): AmqpHost {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/i.exec(text.trim()) ?? [];
  const host = bracketed ?? plain;
  const number = port === undefined ? defaultPort : Number(port);
  if (host === undefined || number < 1 || number > 65_535) return fail(url, "has a host that cannot be used");
  return { host, port: number };
}

function parseUser(url: string, userinfo: string | undefined): Pick<AmqpLocation, "username" | "password"> {
  if (userinfo === undefined || userinfo === "") return { username: "guest", password: "guest" };
  const colon = userinfo.indexOf(":");
  const [name, password] = colon < 0 ? [userinfo, ""] : [userinfo.slice(0, colon), userinfo.slice(colon + 1)];
  return { username: decode(url, name, "user"), password: decode(url, password, "password") };
}

function decode(url: string, text: string, part: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The text itself would show the password.
    return fail(url, `has a ${part} with a percent sign that starts no character (write it as %25)`);
  }
}

/** A server, for messages. */
export function nameOf({ host, port }: AmqpHost): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function fail(url: string, fault: string): never {
  throw new ConfigurationError(`"${maskUrl(url)}" ${fault}: ${form}.`);
}
