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

/** What a peer keeps its jobs in. Only peers of one store are compared: they give the same durability. */
export type Store = "memory" | "sqlite";

/** A queue under test. Joins the benchmark by its entry in `peers.ts`. */
export interface Peer {
  readonly name: string;
  readonly store: Store;
  /** Where its workers run. */
  readonly workers: "processes" | "in-process";
  /** The peer whose figures are 1 in the ratios: the store itself, with nothing around it. */
  readonly isLimit: boolean;
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
  /** Called when the function of a job begins. */
  readonly onRun: (id: number) => void;
}

/** The side that runs jobs. */
export interface PeerWorker {
  start(): Promise<void>;
  /** Resolves when what it had taken is run and acknowledged. */
  stop(): Promise<void>;
}
