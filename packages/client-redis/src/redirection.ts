import { isReply } from "./redis-error.ts";
import type { RedisHost } from "./redis-url.ts";

/** A cluster's answer that it has not carried out a command: elsewhere, elsewhere for this once, or not now. */
export type Redirection = { readonly kind: "moved" | "ask"; readonly to: RedisHost } | { readonly kind: "again" };

/**
 * Reads `MOVED slot host:port`, `ASK slot host:port` and `TRYAGAIN` (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#redirection-and-resharding).
 * @param from The node that answered: an address without a host means another port of its own.
 */
export function readRedirection(error: unknown, from: RedisHost): Redirection | undefined {
  if (!isReply(error)) return undefined;
  if (error.message.startsWith("TRYAGAIN")) return { kind: "again" };
  const [, word, host = "", port = ""] = /^(MOVED|ASK) \d{1,5} (\S*):(\d{1,5})$/.exec(error.message) ?? [];
  if (word === undefined) return undefined;
  const name = host.replace(/^\[|\]$/g, "");
  return {
    kind: word === "MOVED" ? "moved" : "ask",
    to: { host: name === "" || name === "?" ? from.host : name, port: Number(port) },
  };
}
