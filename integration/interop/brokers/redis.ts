import type { InteropBroker } from "./interop-broker.ts";

/** Kombu's lists, and Celery's results, in one Redis. */
export const redis: InteropBroker = {
  name: "redis",
  service: "redis",
  delays: "worker",
  features: new Set(["priorities", "control", "chords"]),
  place: ({ url }) => ({
    broker: `${url}?lease=2s&sweep=300ms`,
    backend: url,
    celeryBroker: url,
    celeryBackend: url,
  }),
};
