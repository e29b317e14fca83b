import { randomUUID } from "node:crypto";
import { backendHarness, testBackend } from "@lovage/conformance";
import { describe, it } from "vitest";
import { backend } from "./index.ts";

testBackend({
  name: "memory",
  runner: { describe, it },
  make: () => backendHarness({ driver: backend, url: `memory://${randomUUID()}`, time: "process" }),
  stress: 5,
});
