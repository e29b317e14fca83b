import { isIPv6 } from "node:net";
import { OptionError, quoteValue } from "@lovage/foundation";

/** Where an HTTP server listens. */
export interface Address {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

const written = /^(?:(?<host>[^:[\]\s]+|\[[^\]\s]+\]):)?(?<port>\d{1,5})$/;

/** `host:port`, `[ipv6]:port`, or a port alone, which means 127.0.0.1. @throws OPTION_INVALID */
export function readAddress(text: string): Address {
  const { host = "127.0.0.1", port } = written.exec(text)?.groups ?? {};
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (port !== undefined && Number(port) <= 65_535 && (bare === host || isIPv6(bare))) {
    return { host: bare, port: Number(port) };
  }
  throw new OptionError(`An address is written as 127.0.0.1:9100 or [::1]:9100; it is ${quoteValue(text)}.`, {
    field: "http",
  });
}

/** An address as it is written in a URL. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whether only programs of this machine reach a host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
