import type { ArgumentWriter } from "./argument-writer.ts";

/** What a command or script takes. */
export type RedisArgument = string | Uint8Array | number;

/** A command, and whom it is for. */
export interface RedisCommand {
  readonly command: string;
  readonly args: readonly RedisArgument[];
  /** Further arguments, behind these. */
  readonly written?: ArgumentWriter | undefined;
  /** The key that tells the node of a cluster; absent for commands that any node carries out. */
  readonly key?: string | undefined;
  /** How many replicas must have what it writes. @default 0 */
  readonly replicas?: number;
}
