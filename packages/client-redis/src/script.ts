import { createHash } from "node:crypto";

/** A Lua script, known to the server by its hash. */
export interface RedisScript {
  /** For messages. */
  readonly name: string;
  readonly source: string;
  readonly sha1: string;
}

/**
 * Makes a script of Lua text.
 * @param options `allowFull`: it runs when the memory is full too, because in the end it frees memory.
 */
export function defineScript(
  name: string,
  lua: string,
  { allowFull = false }: { readonly allowFull?: boolean } = {},
): RedisScript {
  const source = `#!lua${allowFull ? " flags=allow-oom" : ""}\n${lua}`;
  return { name, source, sha1: createHash("sha1").update(source).digest("hex") };
}
