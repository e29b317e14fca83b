import type { Peer } from "./peers/peer.ts";
import type { Servers } from "./servers/servers.ts";

/** Which peers can be measured here, and why the others cannot. */
export interface SplitPeers {
  readonly there: readonly Peer[];
  /** Names of the others. */
  readonly absent: readonly string[];
  /** Why they are absent. */
  readonly notCovered: readonly string[];
}

/** Leaves out peers whose server or program is not installed. */
export async function splitPeers(peers: readonly Peer[], servers: Servers): Promise<SplitPeers> {
  const there: Peer[] = [];
  const absent: string[] = [];
  const notCovered = new Set<string>();
  for (const peer of peers) {
    const reason = servers.whyNot(peer.store) ?? (await peer.whyNot?.());
    if (reason === undefined) {
      there.push(peer);
    } else {
      absent.push(peer.name);
      notCovered.add(reason);
    }
  }
  return { there, absent, notCovered: [...notCovered] };
}
