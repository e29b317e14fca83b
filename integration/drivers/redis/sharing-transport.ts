import { transport } from "@lovage/transport-redis";
import type { Connection, QueueDeclaration, Topology } from "@lovage/transport";

const taken = { priorities: false, fairness: false } as const;

/** The Redis transport with queues that Celery's workers may read too, unless a case says who reads them. */
export const sharingTransport: typeof transport = {
  ...transport,
  open: async (opening) => sharing(await transport.open(opening)),
};

function sharing(connection: Connection): Connection {
  const changes: Partial<Connection> = {
    capabilities: Object.freeze({ ...connection.capabilities, ...taken }),
    declare: ({ queues = [], ...rest }: Topology) => connection.declare({ ...rest, queues: queues.map(share) }),
  };
  return new Proxy(connection, {
    get(target, name): unknown {
      if (Object.hasOwn(changes, name)) return Reflect.get(changes, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

function share(queue: QueueDeclaration): QueueDeclaration {
  return { consumers: "mixed", ...queue };
}
