import type { GlobalOptions } from "../global-options.ts";

/** Whether the log has lines for people. */
export function hasTextLog({ logFormat }: GlobalOptions): boolean {
  return (logFormat ?? (process.stderr.isTTY ? "text" : "json")) === "text";
}
