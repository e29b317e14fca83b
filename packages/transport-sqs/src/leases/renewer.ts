import { hasCode, systemClock } from "@lovage/foundation";
import type { Lease, OpenRenewer, Unrenewed } from "@lovage/lease-engine";

import { changeVisibility, renewalAnswerMs, visibilitySeconds } from "../calls/change-visibility.ts";
import { QueueDirectory, type KnownQueue } from "../queues/queue-directory.ts";
import { SharedHandles, type SharedHandle } from "./shared-handles.ts";
import { SqsApi, type SqsTarget } from "../sqs-api.ts";

/** What the thread is sent. */
export interface RenewerOptions {
  readonly target: SqsTarget;
  readonly prefix: string;
  /** URLs of queues that are there already, by name. */
  readonly queues: Readonly<Record<string, string>>;
  /** Of the store's {@link SharedHandles}. */
  readonly handles: SharedArrayBuffer;
  /** How long a message may be ours in all, in ms: from then on the event loop hands it over. */
  readonly ceilingMs: number;
}

interface Shared {
  readonly lease: Lease;
  readonly shared: SharedHandle;
}

/** Renews leases in a helper thread, by a client of its own. The thread has no clock of the app's for its calls: it takes the machine's. */
export const openRenewer: OpenRenewer = async (given, nowMs) => {
  const { target, prefix, queues, handles, ceilingMs } = given as RenewerOptions;
  const api = new SqsApi(target, systemClock);
  const directory = new QueueDirectory({ api, prefix, creates: false, predefined: queues });
  const renewal = new Renewal({ api, handles: new SharedHandles(handles), ceilingMs, nowMs });
  return {
    extend: async (queue, leases, leaseMs) => await renewal.extend(await directory.require(queue), leases, leaseMs),
    close: async () => api.close(),
  };
};

interface RenewalOptions {
  readonly api: SqsApi;
  readonly handles: SharedHandles;
  readonly ceilingMs: number;
  readonly nowMs: () => number;
}

class Renewal {
  readonly #options: RenewalOptions;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  async extend(queue: KnownQueue, leases: readonly Lease[], leaseMs: number): Promise<Unrenewed | null> {
    const { api, handles, nowMs } = this.#options;
    const { ours, left } = this.#sortOut(leases);
    const lost: Lease[] = [];
    const askedAtMs = nowMs();
    const seconds = visibilitySeconds(leaseMs);
    const failures = await changeVisibility(
      api,
      queue,
      ours.map(({ shared }) => ({ handle: shared.handle, seconds })),
      { timeoutMs: renewalAnswerMs(leaseMs) },
    );
    const failed = new Map(failures.map((failure) => [failure.index, failure]));
    for (const [index, { lease, shared }] of ours.entries()) {
      const failure = failed.get(index);
      if (failure === undefined) handles.prolong(shared, askedAtMs + leaseMs);
      // Meanwhile the message may have come once more, and only its newest handle counts; or it was settled.
      else if ((failure.isLost || hasCode(failure.error, "QUEUE_NOT_FOUND")) && handles.isCurrent(shared)) {
        handles.prolong(shared, -Infinity);
        lost.push(lease);
      } else left.push(lease);
    }
    return lost.length + left.length === 0 ? null : { lost, left };
  }

  /** What is too old is left to the event loop, which hands it over, and what the thread cannot read as well. */
  #sortOut(leases: readonly Lease[]): { readonly ours: readonly Shared[]; readonly left: Lease[] } {
    const { handles, ceilingMs, nowMs } = this.#options;
    const ours: Shared[] = [];
    const left: Lease[] = [];
    for (const lease of leases) {
      const shared = handles.read(lease.id);
      if (shared === undefined || nowMs() - shared.arrivedAtMs >= ceilingMs) left.push(lease);
      else ours.push({ lease, shared });
    }
    return { ours, left };
  }
}
