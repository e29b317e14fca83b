import { createHash } from "node:crypto";

/** A Lua script, known to the server by its hash. */
export interface RedisScript {
  /** For messages. */
  readonly name: string;
  readonly source: string;
  readonly sha1: string;
  /** It touches no key but its only one, and so runs in a cluster also while the slot of that key moves. */
  readonly isOfOneKey: boolean;
}

/**
 * Makes a script of Lua text.
 * @param options `allowFull`: it runs when the memory is full too, because in the end it frees memory. `ofOneKey`: it touches no key but its only one.
 */
export function defineScript(
  name: string,
  lua: string,
  { allowFull = false, ofOneKey = false }: { readonly allowFull?: boolean; readonly ofOneKey?: boolean } = {},
): RedisScript {
  const source = `#!lua${allowFull ? " flags=allow-oom" : ""}\n${lua}`;
  return { name, source, sha1: createHash("sha1").update(source).digest("hex"), isOfOneKey: ofOneKey };
}
