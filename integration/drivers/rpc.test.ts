import { backend } from "@lovage/backend-amqp";
import { backendHarness, testBackend } from "@lovage/conformance";
import { describe, it } from "vitest";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";

describeVhost((server) => {
  testBackend({
    name: "rpc",
    runner: { describe, it },
    make: () => backendHarness({ driver: backend, url: server.url.replace(/^amqp:/u, "rpc:"), time: "process" }),
    stress: 2,
  });
});
