import type { Capabilities, Connection, QueueCapabilities, TransportDriver } from "@lovage/transport";
import { transport } from "@lovage/transport-sqs";

type Options = typeof transport extends TransportDriver<infer O> ? O : never;

/** The driver as a suite sees it that uses FIFO queues only: what a connection says of itself is what it says of them. */
export const fifoDriver: TransportDriver<Options> = {
  ...transport,
  open: async (opening) => {
    const connection = await transport.open(opening);
    const ofFifo = { order: "key", countsLosses: false, countsReleases: true } as const;
    const capabilities: Capabilities = { ...connection.capabilities, ...ofFifo };
    const capabilitiesOf = (queue: string): QueueCapabilities => ({ ...connection.capabilitiesOf(queue), ...ofFifo });
    return new Proxy(connection, {
      get: (target: Connection, name): unknown => {
        if (name === "capabilities") return capabilities;
        if (name === "capabilitiesOf") return capabilitiesOf;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  },
};
