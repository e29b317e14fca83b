import { atLeast, atMost, beats, within } from "./target.ts";
import type { Target } from "./target.ts";

/** What is to be reached, case by case. */
const byCase: Readonly<Record<string, readonly Omit<Target, "case">[]>> = {
  "enqueue-single": [
    beats("lovage-sqlite", 0.9, "raw-sqlite"),
    beats("lovage-redis", 0.95, "bee-queue"),
    beats("lovage-redis", 1.6, "bullmq"),
    beats("lovage-postgres", 0.9, "raw-postgres"),
    beats("lovage-postgres", 2.3, "graphile-worker"),
    beats("lovage-rabbitmq", 0.9, "raw-rabbitmq"),
  ],
  "enqueue-concurrent": [
    beats("lovage-sqlite", 8, "raw-sqlite"),
    beats("lovage-redis", 1.5, "bee-queue"),
    beats("lovage-redis", 5, "bullmq"),
    beats("lovage-postgres", 4, "raw-postgres"),
    beats("lovage-postgres", 30, "pg-boss"),
    beats("lovage-rabbitmq", 0.8, "raw-rabbitmq"),
    beats("lovage-rabbitmq-classic", 5, "celery-rabbitmq"),
  ],
  "enqueue-bulk": [
    beats("lovage-sqlite", 0.35, "raw-sqlite"),
    beats("lovage-redis", 2, "bee-queue"),
    beats("lovage-redis", 7, "bullmq"),
    beats("lovage-postgres", 2, "graphile-worker"),
    beats("lovage-postgres", 0.85, "raw-postgres"),
    beats("lovage-rabbitmq", 0.8, "raw-rabbitmq"),
    beats("lovage-sqs", 0.8, "raw-sqs"),
  ],
  "drain-1": [
    beats("lovage-sqlite", 0.5, "raw-sqlite"),
    atLeast("lovage-memory", 300_000),
    beats("lovage-redis", 6, "bee-queue"),
    beats("lovage-redis", 6, "bullmq"),
    beats("lovage-postgres", 1.8, "graphile-worker"),
    beats("lovage-rabbitmq", 0.5, "raw-rabbitmq"),
    beats("lovage-rabbitmq-classic", 10, "celery-rabbitmq"),
    beats("lovage-sqs", 0.8, "raw-sqs"),
    beats("lovage-sqs", 2, "sqs-consumer"),
  ],
  "drain-4": ["sqlite", "redis", "postgres", "rabbitmq"].map((store) => {
    return { peer: `lovage-${store}`, base: { case: "drain-1" }, bound: "atLeast", value: 1 };
  }),
  "drain-defaults": [
    beats("lovage-redis", 4, "bullmq-defaults"),
    beats("lovage-postgres", 5, "graphile-worker-defaults"),
    beats("lovage-postgres", 5, "pg-boss-defaults"),
    beats("lovage-rabbitmq-classic", 8, "celery-rabbitmq-defaults"),
  ],
  "start-latency": [
    atMost("lovage-sqlite", 2.5),
    within("lovage-redis", 1, "bee-queue"),
    within("lovage-postgres", 0.5, "graphile-worker-prompt"),
    within("lovage-rabbitmq", 1.2, "raw-rabbitmq"),
  ],
  "roundtrip-50": [
    atLeast("lovage-sqlite", 2_000),
    beats("lovage-redis", 6, "bullmq"),
    beats("lovage-postgres", 1, "raw-postgres"),
    beats("lovage-rabbitmq", 0.6, "raw-rabbitmq"),
  ],
  schedule: [
    atMost("lovage-sqlite", 15),
    atMost("lovage-redis", 10),
    atMost("lovage-postgres", 25),
    atMost("lovage-rabbitmq", 1_100),
  ],
  backlog: [
    atLeast("lovage-sqlite", 0.8),
    atLeast("lovage-redis", 0.9),
    { ...atLeast("lovage-postgres", 0.9), everyRun: 0.5 },
    atLeast("lovage-rabbitmq", 0.9),
  ],
  "stored-bytes": [atMost("lovage-sqlite", 400), atMost("lovage-redis", 500), atMost("lovage-postgres", 450)],
  "worker-memory": [
    ...["sqlite", "redis", "postgres", "rabbitmq"].map((store) => atMost(`lovage-${store}`, 90, "idleRssMb")),
    ...["sqlite", "redis", "postgres", "rabbitmq"].map((store) => atMost(`lovage-${store}`, 90, "delayedRssMb")),
    atMost("lovage-sqlite", 0.1, "idleCpuPercent"),
  ],
  install: [
    atMost("lovage-redis", 30, "packages"),
    atMost("lovage-redis", 12, "mb"),
    atMost("lovage-redis", 200, "importMs"),
  ],
};

/** All targets of Lovage, in the order of the cases. */
export const targets: readonly Target[] = Object.entries(byCase).flatMap(([name, ofCase]) =>
  ofCase.map((target) => ({ case: name, ...target })),
);
