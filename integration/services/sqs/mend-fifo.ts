/** What the emulator has of a message in a FIFO queue. */
export interface EmulatedMessage {
  readonly sequenceNumber?: string;
}

/** What the emulator has of a FIFO queue. */
export interface EmulatedFifo {
  /** What waits, by group. */
  fifoMessages: Map<string, EmulatedMessage[]>;
  /** How many of a group are in work. */
  fifoLockedGroups: Map<string, number>;
  /** Shows what was hidden, where its time is over. */
  processTimers(): void;
  dequeueFifo(count: number, ...more: readonly unknown[]): object[];
}

/** Two things in which FIFO queues of the emulator differ from those of AWS: a receive gives one message of a group only, and what becomes visible again goes
 * to the head of its group, so that several come in reverse. */
export function mendFifo(prototype: EmulatedFifo): void {
  keepPlaces(prototype);
  giveSeveral(prototype);
}

function keepPlaces(prototype: EmulatedFifo): void {
  const { processTimers } = prototype;
  prototype.processTimers = function showInPlace(this: EmulatedFifo): void {
    processTimers.call(this);
    for (const messages of this.fifoMessages.values()) messages.sort(bySequence);
  };
}

/** The numbers are given when messages are sent, kept on disk, and padded with zeros. */
function bySequence({ sequenceNumber: a = "" }: EmulatedMessage, { sequenceNumber: b = "" }: EmulatedMessage): number {
  return a < b ? -1 : Number(a > b);
}

function giveSeveral(prototype: EmulatedFifo): void {
  const { dequeueFifo } = prototype;
  prototype.dequeueFifo = function several(this: EmulatedFifo, count: number, ...more: readonly unknown[]): object[] {
    const locked = new Set(this.fifoLockedGroups.keys());
    const received = dequeueFifo.call(this, count, ...more);
    for (const group of [...this.fifoLockedGroups.keys()].filter((each) => !locked.has(each))) {
      while (received.length < Math.min(count, 10) && this.fifoMessages.has(group)) {
        received.push(...onlyFrom(this, group, () => dequeueFifo.call(this, 1, ...more)));
      }
    }
    return received;
  };
}

/** Does something as if there were this group only, with none of it in work. */
function onlyFrom<T>(queue: EmulatedFifo, group: string, work: () => T): T {
  const { fifoMessages, fifoLockedGroups } = queue;
  const messages = fifoMessages.get(group) ?? [];
  Object.assign(queue, {
    fifoMessages: new Map([[group, messages]]),
    fifoLockedGroups: new Map(),
    processTimers: () => {},
  });
  try {
    return work();
  } finally {
    Object.assign(queue, { fifoMessages, fifoLockedGroups });
    Reflect.deleteProperty(queue, "processTimers");
    if (messages.length === 0) fifoMessages.delete(group);
    fifoLockedGroups.set(group, (fifoLockedGroups.get(group) ?? 0) + 1);
  }
}
