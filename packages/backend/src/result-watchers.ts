import { Multimap } from "@lovage/foundation";

import type { ResultRecord, ResultWatch } from "./results.ts";

/** What a watch asks for. */
export interface WatchRequest {
  readonly taskIds: readonly string[];
  readonly read: (taskId: string) => ResultRecord | undefined;
  readonly listener: (record: ResultRecord) => void;
}

/** One running watch: what has changed is told in the next microtask, each task once, with its record of then. */
class Watch {
  readonly taskIds: ReadonlySet<string>;
  readonly #request: WatchRequest;
  readonly #changed = new Set<string>();
  #isClosed = false;

  constructor(request: WatchRequest) {
    this.taskIds = new Set(request.taskIds);
    this.#request = request;
  }

  mark(taskId: string): void {
    if (this.#changed.size === 0) queueMicrotask(() => this.#tell());
    this.#changed.add(taskId);
  }

  close(): void {
    this.#isClosed = true;
  }

  #tell(): void {
    const taskIds = [...this.#changed];
    this.#changed.clear();
    for (const taskId of taskIds) {
      const record = this.#isClosed ? undefined : this.#request.read(taskId);
      if (record !== undefined) this.#request.listener(record);
    }
  }
}

/** Who watches which task. */
export class ResultWatchers {
  readonly #byTask = new Multimap<string, Watch>();

  /** Begins a watch with what is there. */
  add(request: WatchRequest): ResultWatch {
    const watch = new Watch(request);
    for (const taskId of watch.taskIds) {
      this.#byTask.add(taskId, watch);
      watch.mark(taskId);
    }
    return { close: (): void => this.#remove(watch) };
  }

  /** Tells those who watch a task that its record has changed. */
  announce(taskId: string): void {
    for (const watch of this.#byTask.get(taskId)) watch.mark(taskId);
  }

  #remove(watch: Watch): void {
    watch.close();
    for (const taskId of watch.taskIds) this.#byTask.delete(taskId, watch);
  }
}
