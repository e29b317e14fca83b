import { spawnSync } from "node:child_process";
import type { NodeProgram } from "./node-program.ts";

const ways: readonly (readonly string[])[] = [
  ["unshare", "--user", "--map-root-user", "--mount"],
  ["unshare", "--mount"],
];

const script = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && shift 2 && exec "$@"';

/** A disk that holds next to nothing. */
export interface SmallDisk {
  /** Where it is mounted, for the program alone. */
  readonly directory: string;
  readonly bytes: number;
}

/**
 * Has a program see a small disk at a directory, which nobody else sees and which is gone with it. Undefined where the system does not allow that: it
 * takes Linux with user namespaces, or root.
 */
export function onSmallDisk({ command, args }: NodeProgram, { directory, bytes }: SmallDisk): NodeProgram | undefined {
  const mount = ["sh", "-c", script, "sh", String(bytes), directory];
  const way = ways.find(([unshare = "", ...flags]) => {
    return spawnSync(unshare, [...flags, ...mount, "true"]).status === 0;
  });
  if (way === undefined) return undefined;
  const [unshare = "", ...flags] = way;
  return { command: unshare, args: [...flags, ...mount, command, ...args] };
}
