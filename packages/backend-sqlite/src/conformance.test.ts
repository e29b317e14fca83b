import { backendHarness, testBackend } from "@lovage/conformance";
import { describe, it } from "vitest";
import { backend } from "./index.ts";
import { temporaryFile } from "./test-support/temporary-file.ts";

testBackend({
  name: "SQLite",
  runner: { describe, it },
  make: async () => {
    const file = temporaryFile();
    return await backendHarness({
      driver: backend,
      url: `sqlite://${file.path}`,
      time: "process",
      dispose: () => file.remove(),
    });
  },
  stress: 3,
});
