import { createApp, hasCode } from "lovage";

class ShopClosed extends Error {
  override readonly name = "ShopClosed";
}

// In memory, so that one program shows it all; with another URL the worker is a process of its own.
const app = createApp({ name: "shop", broker: "memory:", backend: "memory:", logLevel: "silent" });

/** Errors of this class are retried, with a wait that doubles; others are not. */
const order = app.task(
  "shop.order",
  { bind: true, retryFor: [ShopClosed], maxRetries: 5, retryBackoff: "50ms", retryJitter: false },
  (task, item: string) => {
    if (task.retries < 2) throw new ShopClosed("come back later");
    return `${item} ordered at try ${task.retries + 1}`;
  },
);

/** A task may say itself when it is to run again. */
const collect = app.task("shop.collect", { bind: true }, (task, item: string) => {
  if (task.retries === 0) throw task.retry({ countdown: "100ms" });
  return `${item} collected at try ${task.retries + 1}`;
});

/** What fails for good is a result that throws, and a dead letter that can be looked at and replayed. */
const complain = app.task(
  "shop.complain",
  { retryFor: [ShopClosed], maxRetries: 1, retryBackoff: "50ms" },
  (item: string): string => {
    throw new ShopClosed(`nobody answers about ${item}`);
  },
);

await app.worker().start();

const ordered = await order.delay("pears");
console.log(await ordered.get({ timeout: "10s" }));

const collected = await collect.delay("pears");
console.log(await collected.get({ timeout: "10s" }));

const complained = await complain.delay("pears");
try {
  await complained.get({ timeout: "10s" });
} catch (error) {
  if (hasCode(error, "REMOTE_TASK_FAILED")) console.log(`${error.name}: ${error.message}`);
}
const { dead } = await app.queue("default").stats();
console.log(`dead letters: ${dead}`);

await app.close();
