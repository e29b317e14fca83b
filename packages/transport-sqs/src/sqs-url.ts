import { ConfigurationError, maskUrl } from "@lovage/foundation";

/** What an `sqs:` URL says. */
export interface SqsLocation {
  /** Where another than AWS's own is. */
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const form =
  'write "sqs:" for AWS with the usual credentials, "sqs://key:secret@" to give them, or "sqs://key:secret@localhost:4566" for an endpoint of your own';
const shape = /^sqs:(?:\/\/(?:(.*)@)?([^/?#@]*))?\/*$/is;

/**
 * Takes a URL apart, without its query. Key and secret are percent-encoded, as in Celery's URLs.
 * @throws CONFIGURATION_INVALID
 */
export function parseSqsUrl(url: string): SqsLocation {
  const [, userinfo = "", host = ""] = shape.exec(url) ?? fail(url, "is no URL of SQS");
  return { ...parseCredentials(url, userinfo), ...parseHost(url, host) };
}

function parseCredentials(url: string, userinfo: string): Pick<SqsLocation, "credentials"> {
  if (userinfo === "" || userinfo === ":") return {};
  const colon = userinfo.indexOf(":");
  const [key, secret] = colon < 0 ? [userinfo, ""] : [userinfo.slice(0, colon), userinfo.slice(colon + 1)];
  if (key === "" || secret === "") return fail(url, "has only one half of its credentials");
  return { credentials: { accessKeyId: decode(url, key), secretAccessKey: decode(url, secret) } };
}

function parseHost(url: string, host: string): Pick<SqsLocation, "endpoint"> {
  if (host === "") return {};
  const [, name = "", port] = /^(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(host) ?? fail(url, "has no good host");
  // Nothing but AWS and what stands in for it on this machine is meant to be reached without TLS.
  const isLocal = /^(localhost|127\.|\[::1\])/i.test(name);
  return { endpoint: `${isLocal ? "http" : "https"}://${name}${port === undefined ? "" : `:${port}`}` };
}

function decode(url: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The text itself would show the secret.
    return fail(url, "has a percent sign in its credentials that starts no character (write it as %25)");
  }
}

function fail(url: string, fault: string): never {
  throw new ConfigurationError(`"${maskUrl(url)}" ${fault}: ${form}.`);
}
