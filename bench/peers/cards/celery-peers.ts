import type { CelerySetting } from "../celery.ts";
import type { Peer, PeerProgram } from "../peer.ts";
import type { Store } from "../store.ts";
import { defaultsOnly, only, peer } from "./peer-card.ts";

const about =
  "Celery of this machine's Python, two processes, late acknowledgement, a prefetch of 64 a process; it publishes from ten threads, and the end of its worker counts as part of a drain";

async function whyNot(): Promise<string | undefined> {
  return await (await import("../celery.ts")).whyNoCelery();
}

async function versions(): Promise<Readonly<Record<string, string>>> {
  return { Celery: await (await import("../celery.ts")).celeryRelease() };
}

/** Celery on a store; the same card for each. */
export function celeryPeers(store: Store, service: CelerySetting["service"]): readonly Peer[] {
  const shared = { store, packages: [], startsSlowly: true, whyNot, versions, workShare: 0.2 };
  const load = async (tuning: "tunedCelery" | "defaultCelery"): Promise<PeerProgram> => {
    const celery = await import("../celery.ts");
    return celery.celery({ ...celery[tuning], service });
  };
  return [
    peer(
      {
        ...shared,
        name: `celery-${service}`,
        about,
        isAsked: only("enqueue-single", "enqueue-concurrent", "drain-1", "start-latency"),
      },
      async () => await load("tunedCelery"),
    ),
    peer(
      {
        ...shared,
        name: `celery-${service}-defaults`,
        about: "as it comes: as many processes as cores, acknowledged before it runs",
        isAsked: defaultsOnly,
      },
      async () => await load("defaultCelery"),
    ),
  ];
}
