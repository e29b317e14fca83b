import { Cluster, Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";

import { makeClient } from "./make-client.ts";
import { redisTarget } from "./redis-options.ts";

/** Under these a call is given up that the server carries out all the same: a claim whose messages nobody has then. */
const impatient = { commandTimeout: 300, socketTimeout: 300, blockingTimeout: 300, username: "shop" };

test("the patience of a ready-made client is not taken over", () => {
  const client = new Redis({ ...impatient, lazyConnect: true });
  const made = makeClient(redisTarget("redis:", { client }), "test");
  const patient = { commandTimeout: undefined, socketTimeout: undefined, blockingTimeout: undefined };
  expect(made.options).toMatchObject({ ...patient, username: "shop" });
  expect(client.options).toMatchObject(impatient);
});

test("that of the nodes of a ready-made Cluster is not taken over either", () => {
  const client = new Cluster([{ host: "127.0.0.1", port: 1 }], { redisOptions: impatient, lazyConnect: true });
  onTestFinished(() => client.disconnect());
  const target = { ...redisTarget("redis://a", {}), client };
  const made = makeClient(target, "test", { host: "127.0.0.1", port: 2 });
  const patient = { commandTimeout: undefined, socketTimeout: undefined, blockingTimeout: undefined };
  expect(made.options).toMatchObject({ ...patient, username: "shop", port: 2 });
});
