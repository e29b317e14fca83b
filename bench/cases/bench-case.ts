import type { Figures } from "../figures/figures.ts";
import type { Peer, PeerProducer } from "../peers/peer.ts";
import type { Store } from "../peers/store.ts";

/** How much work a case does: enough for a figure, or just enough to see that it works. */
export type Scale = "full" | "quick";

/** What a case measures on. */
export interface Bench {
  readonly peer: Peer;
  /** Opens the producer, once; the harness closes it. */
  openProducer(): Promise<PeerProducer>;
  readonly folder: string;
  readonly scale: Scale;
}

/** One question, asked of every peer in the same way. */
export interface BenchCase {
  readonly name: string;
  /** What is measured, in a sentence. */
  readonly title: string;
  /** The figure that peers are compared by. */
  readonly headline: string;
  /** Whether more of it is better. */
  readonly isBetter: "more" | "less";
  /** Stores on which the question makes sense. */
  readonly stores: readonly Store[];
  /** Peers that it makes sense for. @default all */
  readonly asks?: (peer: Peer) => boolean;
  /** Whether packages, and the bench's own workers, must be built before it is asked. @default never */
  readonly needsBuild?: (scale: Scale, peer: Peer) => boolean;
  /** @throws Error when a job was lost, or took too long */
  run(bench: Bench): Promise<Figures>;
}
