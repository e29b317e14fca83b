import { describeOwnServer } from "../services/describe-own-server.ts";
import { sharingTransport } from "./redis/sharing-transport.ts";
import { testDriver } from "./test-driver.ts";

// What Celery's workers read stands in Kombu's lists: the same promises, but for those that a queue's capabilities take back.
describeOwnServer("redis", (start) => {
  testDriver({
    name: "redis, mixed queues",
    start,
    transport: {
      driver: sharingTransport,
      place: (_, number) => ({
        options: { prefix: `case${number}`, globalKeyPrefix: `case${number}:`, lease: 1_000, sweep: 100 },
      }),
    },
  });
});
