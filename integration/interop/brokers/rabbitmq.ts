import type { InteropBroker, MeetingPlace } from "./interop-broker.ts";

/** The queues of the suites. */
const queues = ["celery", "default", "shared"] as const;
/** The one that Lovage's workers alone read. */
const lovages = "default";
/** What Lovage gives a quorum queue of its own on RabbitMQ 4, and senders of Celery's have to declare as well. */
const unlimited = { "x-delivery-limit": 1_000_000_000 };
const maxPriority = 10;

/** Classic queues with priorities, results in Redis: what most deployments of Celery have. */
export const rabbitmqClassic: InteropBroker = {
  name: "rabbitmq, classic queues, results in redis",
  service: "rabbitmq",
  results: "redis",
  delays: "broker",
  features: new Set(["priorities", "control", "chords"]),
  place: ({ url, resultsUrl }) => ({
    broker: `${url}?queueType=classic&maxPriority=${maxPriority}&sweep=300ms`,
    backend: resultsUrl,
    celeryBroker: url,
    celeryBackend: resultsUrl,
    celeryConfig: { task_queue_max_priority: maxPriority },
  }),
};

/** Quorum queues, results by message. */
export const rabbitmqQuorum: InteropBroker = {
  name: "rabbitmq, quorum queues, results over rpc",
  service: "rabbitmq",
  isReadByCallerOnly: true,
  delays: "broker",
  features: new Set(["control"]),
  place: ({ url, version, celery }) => ({
    broker: `${url}?sweep=300ms`,
    backend: "rpc://",
    celeryBroker: url,
    celeryBackend: "rpc://",
    ...formsFor(celery, version),
  }),
};

/** Workers of Celery before 5.5 ask for a global prefetch, which quorum queues refuse: what they read is classic, as it is unless told otherwise. */
function formsFor(release: string, version: string): Pick<MeetingPlace, "drivers" | "celeryArguments"> {
  const [major = 0, minor = 0] = release.split(".").map(Number);
  const readsQuorum = major > 5 || (major === 5 && minor >= 5);
  const classic = readsQuorum ? [] : ["celery", "shared"];
  const isLimited = Number.parseInt(version, 10) >= 4;
  const quorum = queues.filter((queue) => !classic.includes(queue));
  return {
    drivers: Object.fromEntries(quorum.map((queue) => [queue, { queueType: "quorum" }])),
    celeryArguments: Object.fromEntries(
      quorum.map((queue) => [queue, { "x-queue-type": "quorum", ...(isLimited && queue === lovages && unlimited) }]),
    ),
  };
}
