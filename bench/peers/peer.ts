import type { Store } from "./store.ts";

/** What a job carries: about 100 bytes as JSON. */
export interface Job {
  readonly id: number;
  readonly text: string;
}

/** A job with its time. */
export interface DueJob {
  readonly job: Job;
  /** Unix ms. */
  readonly dueAtMs: number;
}

/** A queue under test. Joins the benchmark by its entry in `peers.ts`. */
export interface Peer {
  readonly name: string;
  readonly store: Store;
  /** Where its workers run. */
  readonly workers: "processes" | "in-process";
  /** The peer whose figures are 1 in the ratios: the store itself, with nothing around it. */
  readonly isLimit: boolean;
  /** Its settings and what its figures stand for, in a sentence or two of Markdown. */
  readonly about: string;
  /** What its user installs, and imports; empty where that is nothing, or not from npm. Their versions are printed. */
  readonly packages: readonly string[];
  /** Part of the jobs of a case that it is given, as it would take too long otherwise. @default 1 */
  readonly workShare?: number;
  /** Takes seconds to start: left out of the smoke run. @default false */
  readonly startsSlowly?: boolean;
  /** Which cases it is asked, by their names. */
  isAsked(caseName: string): boolean;
  /** Loads its client, so that a process has no other peer's in its memory. The same one each time. */
  load(): Promise<PeerProgram>;
  /** Why it cannot be measured here; `undefined` when it can. @default it always can */
  whyNot?(): Promise<string | undefined>;
  /** Versions of what it is made of that is not from npm, by name. @default none */
  versions?(): Promise<Readonly<Record<string, string>>>;
}

/** What a peer does. */
export interface PeerProgram {
  /** Opens the producer's side. What belongs together is opened with the same folder. */
  openProducer(folder: string): Promise<PeerProducer>;
  /** Opens a worker that does not take anything before its `start`. */
  openWorker(options: PeerWorkerOptions): Promise<PeerWorker>;
}

/** The side that sends jobs. */
export interface PeerProducer {
  /** Resolves when the job is accepted, with the durability of the store. */
  enqueue(job: Job): Promise<void>;
  enqueueMany(jobs: readonly Job[]): Promise<void>;
  /** As {@link enqueue}, to a worker that sleeps. @default enqueue */
  enqueueToSleeper?(job: Job): Promise<void>;
  /** Enqueues one after the other and gives how long each took, in µs: for a peer in another process, the way to which is not measured. @default enqueue */
  enqueueEach?(jobs: readonly Job[]): Promise<readonly number[]>;
  /** Enqueues with so many in flight: for a peer in another process. @default enqueue */
  enqueueInLanes?(jobs: readonly Job[], lanes: number): Promise<void>;
  /** Sends jobs that are not to run before an instant each; how fast is not measured. */
  schedule(jobs: readonly DueJob[]): Promise<void>;
  /** Sends a job and waits for its result, which is the id of the job. */
  call(job: Job): Promise<number>;
  /** Jobs that are waiting, delayed, or held by a worker. */
  depth(): Promise<number>;
  close(): Promise<void>;
}

/** What a worker is opened with. */
export interface PeerWorkerOptions {
  readonly folder: string;
  /** Called when the function of a job begins; with the instant, on the machine's clock, where it is known better than by the call. */
  readonly onRun: (id: number, startedAtMs?: number) => void;
}

/** The side that runs jobs. */
export interface PeerWorker {
  start(): Promise<void>;
  /** Resolves when what it had taken is run and acknowledged. */
  stop(): Promise<void>;
}

/** What a side does that is not asked this case. */
export function notAsked(peer: string): () => Promise<never> {
  return () => Promise.reject(new Error(`${peer} is not asked this here: see isAsked in peers.ts.`));
}
