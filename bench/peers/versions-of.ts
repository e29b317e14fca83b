import { packageVersion } from "../../integration/services/package-version.ts";
import type { Peer } from "./peer.ts";

/** The versions of what peers are made of, by name. Our own packages are left out: they are as the commit has them. */
export async function versionsOf(peers: readonly Peer[]): Promise<Readonly<Record<string, string>>> {
  const names = peers.flatMap(({ packages }) => packages).filter((name) => !/^(@lovage\/|lovage$)/u.test(name));
  const versions = new Map<string, string>();
  for (const name of names) versions.set(name, packageVersion(name, import.meta.url));
  for (const peer of peers)
    for (const [name, version] of Object.entries((await peer.versions?.()) ?? {})) versions.set(name, version);
  return Object.fromEntries([...versions].toSorted(([a], [b]) => a.localeCompare(b)));
}
