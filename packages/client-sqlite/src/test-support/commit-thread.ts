import { workerData } from "node:worker_threads";

import { silentLog, systemClock } from "@lovage/foundation";

import { WakeFile } from "../wake-file.ts";

/** What the thread is given: the wake file, and two counters: what was committed, and what of it was found. */
export interface CommitThreadData {
  readonly path: string;
  readonly counters: Int32Array<SharedArrayBuffer>;
  readonly commits: number;
}

const { path, counters, commits } = workerData as CommitThreadData;
const wake = new WakeFile({ path, clock: systemClock, log: silentLog });
for (let commit = 1; commit <= commits; commit += 1) {
  Atomics.store(counters, 0, commit);
  wake.wakeSleepers("a");
  // The next commit comes the moment this one is found: while the finder is on its way to sleep.
  Atomics.wait(counters, 1, commit - 1);
}
wake.close();
