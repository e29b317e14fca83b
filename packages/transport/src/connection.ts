import type { StoreSchema } from "@lovage/foundation";
import type { Broadcast } from "./broadcast.ts";
import type { Capabilities, QueueCapabilities } from "./capabilities.ts";
import type { CloseOptions, ConsumeOptions, Consumer } from "./consumer.ts";
import type { OutgoingMessage } from "./message.ts";
import type { QueueAdmin } from "./queue-admin.ts";
import type { Topology } from "./topology.ts";

/** How a batch is published. */
export interface PublishOptions {
  /**
   * A transaction of the caller's, opaque here: the driver narrows it by its shape. Then "accepted" means the caller's commit.
   * A driver that cannot refuses with `TRANSACTION_UNSUPPORTED` before any I/O, or, where only the server can tell, before anything is written: the transaction has failed then.
   * A conflict with another session is thrown as the error of the caller's client: who repeats the transaction goes by that.
   */
  readonly transaction?: unknown;
  /** The promise settles within this time, whatever the broker does. @default 30_000 */
  readonly timeoutMs?: number;
}

/**
 * Whether the broker can be reached, as far as this connection knows.
 *
 * | state | entered | left |
 * |---|---|---|
 * | `open` | after `open` of the driver, or a successful reconnection | the broker goes away, or `close` |
 * | `reconnecting` | the broker went away | it is back, or `close` |
 * | `closed` | `close` | never |
 */
export type ConnectionState = "open" | "reconnecting" | "closed";

/**
 * An open transport: moves messages between this program and a broker, and reconnects by itself. All methods may be called
 * in parallel. After `close` they reject with `CLOSED`.
 */
export interface Connection {
  readonly capabilities: Capabilities;
  readonly state: ConnectionState;
  /**
   * Whether settlements are made again and again at present, for the broker puts them off though it is there: no `state` tells so, and whoever waits for them is
   * not stuck. Absent where none is: what is put off is told to the caller.
   */
  readonly isRepeating?: boolean;
  readonly admin: QueueAdmin;
  /** Absent where the broker cannot. */
  readonly broadcast?: Broadcast;
  /** Present where the broker needs tables of ours. */
  readonly schema?: StoreSchema;
  /** Capabilities of one queue; differs from `capabilities` only after the queue was declared here. */
  capabilitiesOf(queue: string): QueueCapabilities;
  /**
   * Makes queues (each with its dead-letter queue), exchanges and bindings exist. Idempotent, remembered, and repeated after a
   * reconnection. Publishing to and consuming from a queue needs its declaration on the same connection first.
   * @throws NAME_INVALID, FEATURE_UNSUPPORTED before any I/O; TOPOLOGY_MISMATCH; TRANSPORT_UNAVAILABLE
   */
  declare(topology: Topology): Promise<void>;
  /**
   * Resolves once the broker has accepted every message of the batch (commit, confirm, reply). Order within a batch, and over
   * batches whose calls were made one after the other, is kept in each queue; but a batch for an exchange of which the broker does not tell for now where it leads may
   * come after those behind it. Calls in flight may be joined into one; each still fails for itself.
   *
   * When all messages failed for one reason, rejects with that error; when some were accepted, or reasons differ, with a
   * `PublishError` that names each failed message. Not idempotent: after `PUBLISH_UNCERTAIN` or `PUBLISH_TIMEOUT` the batch may have
   * been accepted.
   * @throws before any I/O: QUEUE_NOT_DECLARED, MESSAGE_TOO_LARGE, OPTION_INVALID, TRANSACTION_UNSUPPORTED (or before anything is written)
   * @throws TRANSPORT_UNAVAILABLE, TRANSPORT_BUSY, TRANSPORT_REJECTED, STORAGE_FULL, MESSAGE_UNROUTABLE, PUBLISH_TIMEOUT, PUBLISH_UNCERTAIN
   */
  publish(batch: readonly OutgoingMessage[], options?: PublishOptions): Promise<void>;
  /**
   * Resolves once consumption has begun. Any number of consumers, of the same queue too.
   * @throws QUEUE_NOT_DECLARED, OPTION_INVALID before any I/O; TRANSPORT_UNAVAILABLE
   */
  consume(options: ConsumeOptions): Promise<Consumer>;
  /**
   * The broker's clock, in Unix milliseconds: delays and leases go by it. Absent where it is this machine's, or the broker does not tell it.
   * @throws TRANSPORT_UNAVAILABLE
   */
  serverTimeMs?(): Promise<number>;
  /**
   * Closes all consumers as `Consumer.close` does, lets publishes in flight settle for as long, then lets go of the broker. Nothing is left
   * behind: no socket, timer, file watcher or thread. Idempotent, works while blocked, never rejects.
   */
  close(options?: CloseOptions): Promise<void>;
}
