import type {
  Connection,
  Message,
  OutgoingMessage,
  PublishOptions,
  QueueDeclaration,
  Topology,
} from "@lovage/transport";

/** A connection that keeps what it is given, for tests of what is sent. It consumes nothing. */
export interface FakeConnection extends Connection {
  readonly published: OutgoingMessage[];
  readonly batches: (readonly OutgoingMessage[])[];
  readonly declared: QueueDeclaration[];
  readonly broadcasts: { readonly channel: string; readonly message: Message }[];
  readonly publishOptions: (PublishOptions | undefined)[];
  closed: number;
  /** Thrown by the next calls of `declare` and `publish`. */
  failWith: Error | undefined;
}

/** An open connection to nothing. */
export function fakeConnection(parts: Partial<Connection> = {}): FakeConnection {
  const fake = {
    published: [] as OutgoingMessage[],
    batches: [] as (readonly OutgoingMessage[])[],
    declared: [] as QueueDeclaration[],
    broadcasts: [] as { channel: string; message: Message }[],
    publishOptions: [] as (PublishOptions | undefined)[],
    closed: 0,
    failWith: undefined as Error | undefined,
    state: "open",
    capabilitiesOf: () => ({ priorities: true }),
    broadcast: {
      publish: async (channel: string, message: Message) => void fake.broadcasts.push({ channel, message }),
      subscribe: async () => ({ close: async () => {} }),
    },
    declare: async ({ queues = [] }: Topology) => {
      if (fake.failWith !== undefined) throw fake.failWith;
      fake.declared.push(...queues);
    },
    publish: async (batch: readonly OutgoingMessage[], options?: PublishOptions) => {
      if (fake.failWith !== undefined) throw fake.failWith;
      fake.batches.push(batch);
      fake.published.push(...batch);
      fake.publishOptions.push(options);
    },
    consume: () => Promise.reject(new Error("A fake connection consumes nothing.")),
    close: async () => void (fake.closed += 1),
    ...parts,
  };
  return fake as unknown as FakeConnection;
}
