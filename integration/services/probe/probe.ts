/**
 * Asks a server, in its own protocol, whether it is there.
 * @param url Where, with credentials where it wants some.
 * @returns its version, or "" where it does not tell one to strangers
 * @throws Error when it does not answer, or not as such a server does
 */
export type Probe = (url: URL) => Promise<string>;

/** Host and port of a URL, without the brackets of an IPv6 address. */
export function addressOf(url: URL, defaultPort: number): { readonly host: string; readonly port: number } {
  return {
    host: url.hostname.replace(/^\[|\]$/gu, ""),
    port: url.port === "" ? defaultPort : Number(url.port),
  };
}
