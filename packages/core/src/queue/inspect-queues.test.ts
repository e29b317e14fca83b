import { QueueNotFoundError, TransportUnavailableError } from "@lovage/transport";
import type { QueueAdmin, QueueStats } from "@lovage/transport";
import { expect, test } from "vitest";
import { createApp } from "../app/create-app.ts";
import { inspectQueues } from "./inspect-queues.ts";

/** A broker that has some queues and may not list all of them. */
function brokerWith(there: readonly string[], listed: readonly string[]): Pick<QueueAdmin, "inspect" | "list"> {
  return {
    list: async () => listed,
    inspect: async (queues) => {
      const missing = queues.find((queue) => !there.includes(queue));
      if (missing !== undefined) throw new QueueNotFoundError(missing);
      return queues.map((queue): QueueStats => ({ queue, ready: 1 }));
    },
  };
}

const shop = () => {
  const app = createApp({
    broker: "memory:",
    defaultQueue: "main",
    routes: { "img.*": "images" },
    queues: { slow: {} },
  });
  app.task("mail", { queue: "mail" }, () => 1);
  app.remote("img.scale");
  app.task("other", { queue: "not-there" }, () => 1);
  return app;
};
const namesOf = (stats: readonly QueueStats[]) => stats.map(({ queue }) => queue);

test("queues of the app are shown where the broker lists none", async () => {
  const broker = brokerWith(["images", "mail", "main", "slow", "strange"], []);
  expect(namesOf(await inspectQueues(shop(), broker))).toEqual(["images", "mail", "main", "slow"]);
});

function routes(task: string): undefined {
  if (task === "ml.score") throw new Error("no route");
}

test("a task that `routes` throws for does not hide the queues", async () => {
  const app = createApp({ broker: "memory:", routes });
  app.remote("ml.score");
  expect(namesOf(await inspectQueues(app, brokerWith(["default"], [])))).toEqual(["default"]);
});

test("queues that the broker lists are shown with those of the app, each once", async () => {
  const broker = brokerWith(["mail", "strange"], ["strange", "mail"]);
  expect(namesOf(await inspectQueues(shop(), broker))).toEqual(["mail", "strange"]);
});

test("a broker that does not answer is no queue that is not there", async () => {
  const asked = inspectQueues(shop(), {
    list: async () => [],
    inspect: () => Promise.reject(new TransportUnavailableError("away")),
  });
  await expect(asked).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
});
