/** A bound that the broker sets to holding a delivery. */
export interface HoldLimit {
  readonly maxMs: number;
  /** How it is raised, as a sentence for messages. */
  readonly advice: string;
}

/**
 * What an open connection can do, as data: the runtime asks it, the conformance suite gates its cases by it, the table in
 * the docs is printed from it. Nowhere else is one of these facts written down.
 */
export interface Capabilities {
  /** Who else sees the queues: this process, processes of this machine, or any machine that reaches the broker. */
  readonly reach: "process" | "machine" | "network";
  /** What an accepted message survives: nothing, the end of the broker's process, loss of power, loss of a whole node. */
  readonly durability: "none" | "process" | "power" | "node";
  /**
   * What stops a consumer that lost its lease from settling: the store compares tokens, the delivery died with its
   * connection (AMQP), or the client refuses once the deadline has passed (SQS).
   */
  readonly fencing: "token" | "connection" | "deadline";
  /** What gives back the messages of a dead consumer: the end of their lease, or the end of its connection. */
  readonly recovery: "lease" | "connection";
  /** First in, first out for one consumer at one priority: over the whole queue, within a key (whose messages come one after the other), or not promised. */
  readonly order: "queue" | "key" | "none";
  /** Priorities 0 to 9 are obeyed. */
  readonly priorities: boolean;
  /** Keys of a queue are claimed round-robin. */
  readonly fairness: boolean;
  /** How far ahead, in ms, `notBefore` may lie; `Infinity` where there is no bound. */
  readonly delayHorizonMs: number;
  /** Where bindings live: in the broker, in the broker's store but resolved by the client, or in this process only. */
  readonly exchanges: "native" | "stored" | "app";
  /** An acknowledgement and its follow-ups happen both or neither. Elsewhere follow-ups are confirmed first. */
  readonly atomicHandOver: boolean;
  /** A batch of up to 1,000 messages and 16 MB is accepted whole or not at all; a larger one is cut, and a refusal names what was not accepted. */
  readonly atomicPublish: boolean;
  /** What `PublishOptions.transaction` takes, in words for messages and docs; `null`: nothing. */
  readonly transactions: string | null;
  /** `Connection.broadcast` is there. */
  readonly broadcast: boolean;
  /** What `browse` sees: all of a queue, page by page, or only messages near its head. */
  readonly browse: "all" | "head";
  /** A delivery that was lost arrives with an exact count of its losses. */
  readonly countsLosses: boolean;
  /**
   * What is released keeps its place in line, and the broker counts it as it counts a loss: whoever consumes the queue takes no more than it can start, gives back
   * little, and puts nothing off as a copy, which would lose the place. Absent: a release costs nothing, and a copy goes where the message would.
   */
  readonly countsReleases?: boolean | undefined;
  /** How long a consumer may hold a delivery, however alive it is. Absent where there is no bound. */
  readonly hold?: HoldLimit;
  /** Largest message, headers and body together, in bytes. */
  readonly maxMessageBytes: number;
  /**
   * The broker itself may hand out a message to two consumers that both live. Within so many ms after a delivery, or the last renewal of its lease, another
   * one is such a double; later it may also be a redelivery of what was lost. Absent: the broker does not do that.
   */
  readonly doublesWithinMs?: number | undefined;
}

/** What may differ from queue to queue behind one URL (quorum and classic, standard and FIFO). */
export type QueueCapabilities = Pick<
  Capabilities,
  | "durability"
  | "fencing"
  | "order"
  | "priorities"
  | "fairness"
  | "delayHorizonMs"
  | "atomicHandOver"
  | "countsLosses"
  | "countsReleases"
  | "hold"
  | "maxMessageBytes"
  | "doublesWithinMs"
>;
