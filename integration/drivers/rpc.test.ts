import { backend } from "@lovage/backend-amqp";
import { backendHarness, testBackend } from "@lovage/conformance";
import { afterAll, beforeAll, describe, it } from "vitest";
import { describeOwnServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";

const startMs = 150_000;

describeOwnServer("rabbitmq", (start) => {
  let server: OwnServer;
  beforeAll(async () => void (server = await start()), startMs);
  afterAll(async () => await server[Symbol.asyncDispose](), startMs);
  testBackend({
    name: "rpc",
    runner: { describe, it },
    make: () => backendHarness({ driver: backend, url: server.url.replace(/^amqp:/u, "rpc:"), time: "process" }),
    stress: 2,
  });
});
